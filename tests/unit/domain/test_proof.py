"""A proof holds for one word, at one incident, for a minute; whoever does not know the key makes none."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.change import Change
from domain.doors import Door
from domain.proof import LIFE, Seal, Word, objection, seal
from tests.unit.domain.examples import INCIDENT, NOW, plan, rows

KEY = b"a key for tests, long enough to be one"
WORD = Word(
    incident=INCIDENT, said="approve", who="ada", door=Door.CONSOLE, digest=plan().digest, comment="go",
)  # fmt: skip
SEAL = seal(WORD, KEY, NOW)
MOMENT = timedelta(microseconds=1)


@dataclass(frozen=True)
class Cheat:
    name: str
    changes: dict[str, Any]


CHEATS = (
    Cheat("another incident", {"incident": "INC-20260204-OTHER1"}),
    Cheat("another plan", {"digest": plan(attempt=2).digest}),
    Cheat("the first characters of the digest only", {"digest": plan().digest[:8]}),
    Cheat("a rejection made into an approval", {"said": "reject"}),
    Cheat("another person", {"who": "grace"}),
    Cheat("another door", {"door": Door.SLACK}),
    Cheat("another comment", {"comment": "no"}),
    Cheat("a change", {"change": Change(cap=1)}),
)


def test_a_genuine_proof_is_believed_in_its_time() -> None:
    assert objection(WORD, SEAL, KEY, NOW) is None
    assert objection(WORD, SEAL, KEY, NOW + LIFE - MOMENT) is None
    assert objection(WORD, SEAL, KEY, NOW - timedelta(seconds=30)) is None, "clocks may differ a little"


@pytest.mark.parametrize("cheat", rows(CHEATS))
def test_a_proof_fits_nothing_else(cheat: Cheat) -> None:
    other = WORD.model_copy(update=cheat.changes)
    assert objection(other, SEAL, KEY, NOW) == "the proof does not fit what was said"


def test_a_replayed_proof_is_too_old() -> None:
    assert objection(WORD, SEAL, KEY, NOW + LIFE) == "the proof of 10:00:00 UTC is older than 60 s"


def test_a_proof_cannot_be_made_younger_or_older_by_its_own_date() -> None:
    later = SEAL.model_copy(update={"issued_at": NOW + LIFE})
    assert objection(WORD, later, KEY, NOW + LIFE) == "the proof does not fit what was said"


def test_a_proof_of_the_future_is_refused() -> None:
    ahead = seal(WORD, KEY, NOW + timedelta(hours=1))
    assert str(objection(WORD, ahead, KEY, NOW)).startswith("the proof is of 11:00:00 UTC")


@given(st.text(max_size=80), st.binary(min_size=1, max_size=40))
def test_nobody_guesses_a_code_and_no_other_key_makes_one(code: str, key: bytes) -> None:
    if code != SEAL.code:
        assert objection(WORD, Seal(issued_at=NOW, code=code), KEY, NOW) is not None
    if key != KEY:
        assert objection(WORD, seal(WORD, key, NOW), KEY, NOW) is not None
