"""How an action has fared on a target: only what was seen to hold has worked; what nobody saw is not counted so."""

from dataclasses import dataclass

import pytest

from domain.gate import GateVerdict, Ruling
from domain.incident import Attempt, Executed
from domain.track import Track, track
from domain.verification import Recovery, Verdict
from starter.words import track_words
from tests.unit.domain.examples import NOW, minutes, plan, rows


def tried(
    recovery: Recovery | None = None,
    *,
    held: bool | None = None,
    error: str | None = None,
    done: bool = True,
    at: int = 0,
) -> Attempt:
    executed = Executed(
        started_at=NOW, ended_at=NOW + minutes(at), affected=1, before={}, after={}, detail="done"
    )  # fmt: skip
    return Attempt(
        number=1, plan=plan(), gate=GateVerdict(ruling=Ruling.RUN, clause="allowed", reason="fine"),
        executed=executed if done else None, error=error, held=held,
        verification=Verdict(recovery=recovery, reason="seen") if recovery else None,
    )  # fmt: skip


HELD = tried(Recovery.RECOVERED, held=True)


@dataclass(frozen=True)
class Case:
    name: str
    attempts: tuple[Attempt, ...]
    track: Track
    words: str


CASES = (
    Case("nothing was tried", (), Track(), "never tried on this target before"),
    Case("what the gate refused was not tried", (tried(done=False),), Track(), "never tried on this target before"),
    Case("all have worked", (HELD, HELD), Track(tried=2, worked=2), "2 of 2 worked"),
    Case("it did not help", (HELD, tried(Recovery.NOT_BETTER, at=5)),
         Track(tried=2, worked=1, failed=1, last_failed=NOW + minutes(5)),
         "1 of 2 worked, last failed today at 10:05 UTC"),
    Case("it helped and did not hold", (tried(Recovery.RECOVERED, held=False),),
         Track(tried=1, failed=1, last_failed=NOW), "0 of 1 worked, last failed today at 10:00 UTC"),
    Case("it could not be done", (tried(error="refused by the server", done=False),), Track(tried=1, failed=1),
         "0 of 1 worked"),
    Case("nobody can tell", (HELD, tried(Recovery.CANNOT_TELL), tried()), Track(tried=3, worked=1),
         "1 of 3 worked, of 2 nobody can tell"),
)  # fmt: skip


@pytest.mark.parametrize("case", rows(CASES))
def test_a_track_counts_what_was_seen(case: Case) -> None:
    found = track(case.attempts)
    assert found == case.track
    assert track_words(found, NOW) == case.words


def test_a_failure_of_another_day_is_named_by_its_day() -> None:
    late = track([tried(Recovery.NOT_BETTER)])
    assert track_words(late, NOW + minutes(60 * 24)).endswith(f"last failed {NOW.day} {NOW:%b}")
