"""Proof that a word came through a door that knows people: a seal over everything that the word decides."""

import hashlib
import hmac
import json
from datetime import datetime, timedelta

from pydantic import AwareDatetime

from domain.change import Change
from domain.doors import Door
from domain.model import Model

LIFE = timedelta(seconds=60)
"""So long may a word be on its way. A seal that is found later, in a history or a log, is worth nothing."""
_CLOCKS_APART = timedelta(seconds=30)


class Seal(Model):
    """What comes with a word: when it was said, and the code over it (hexadecimal)."""

    issued_at: AwareDatetime
    code: str


class Word(Model):
    """What a person said. `said` is a verdict or a command; `digest` is the plan's, empty for a command.

    `lasting`: how long a snooze lasts. `into`: the incident that a merge names. `services`: what a split takes away.
    """

    incident: str
    said: str
    who: str
    door: Door
    digest: str = ""
    comment: str = ""
    change: Change | None = None
    lasting: timedelta | None = None
    into: str = ""
    services: tuple[str, ...] = ()


def seal(word: Word, key: bytes, now: datetime) -> Seal:
    """HMAC-SHA256 over the word and the moment."""
    return Seal(issued_at=now, code=_code(word, key, now))


def genuine(word: Word, sealed: Seal, key: bytes) -> bool:
    """Was this very word sealed by who knows the key, whenever that was?"""
    expected = _code(word, key, sealed.issued_at)
    return hmac.compare_digest(sealed.code.encode(errors="replace"), expected.encode())


def objection(word: Word, sealed: Seal, key: bytes, now: datetime) -> str | None:
    """What speaks against believing that the word was sealed by who knows the key, for this and now; None: nothing."""
    # The code first: what a forged one says about its time is of no interest.
    if not genuine(word, sealed, key):
        return "the proof does not fit what was said"
    if now - sealed.issued_at >= LIFE:
        return f"the proof of {sealed.issued_at:%H:%M:%S} UTC is older than {LIFE.total_seconds():g} s"
    if sealed.issued_at - now > _CLOCKS_APART:
        return f"the proof is of {sealed.issued_at:%H:%M:%S} UTC, which is yet to come"
    return None


def _code(word: Word, key: bytes, issued_at: datetime) -> str:
    # The comment goes in as its hash: texts of people have no end, and nothing but the hash is needed here.
    decisive = word.model_dump(mode="json", exclude={"comment"}) | {
        "comment": hashlib.sha256(word.comment.encode()).hexdigest(), "issued_at": issued_at.isoformat(),
    }  # fmt: skip
    text = "nightshift word 1\n" + json.dumps(decisive, sort_keys=True)
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
