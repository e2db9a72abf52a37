"""How sure we are of a ranking's first place: a number, and the sentence that explains it.

full = min(p, sigmoid(2.2 log2(1 + S) + 0.8 log2(1 + M) - 8.5)), S the score of the first candidate in bits, M its lead
over the best that says something else, p the confidence in its service (calibration.py): nobody is surer of a cause
than of its place. Then every source that was not seen takes its share.

p was fitted on public faults; the sigmoid, which is about service *and* kind, is set, since public data seldom say
which kind it was: one source alone, however loud (S = M = 6), stays below 0.5; with a second that says where (S = 10,
M = 6) it is 0.8; four that agree reach the bound of 0.95. Hence *uncalibrated*: it orders cases.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from domain.diagnosis import Hypothesis
from domain.finding import Category, Finding, Presence, Source

_SCORE, _LEAD, _OFFSET = 2.2, 0.8, -8.5
MISSING_COSTS: Mapping[Source, float] = {
    Source.METRICS: 0.15,
    Source.LOGS: 0.10,
    Source.TRACES: 0.08,
    Source.DATABASE: 0.22,
    Source.CHANGES: 0.03,
    Source.MEMORY: 0.02,
}
"""Share of the confidence that goes when a source was not seen; half of it when the source answered in part.

By what each could have overturned: a database says who holds what, a memory only what was before.
"""
# A cause without a kind is never named, however plain its place.
_KINDLESS_AT_MOST = 0.45
# Nobody counted, so nobody is told that we are all but certain.
_UNCALIBRATED_AT_MOST = 0.95


@dataclass(frozen=True)
class Seen:
    """Which sources were not seen at all, and which only in part."""

    missing: tuple[Source, ...]
    in_part: tuple[Source, ...]

    @property
    def factor(self) -> float:
        """What is left of the confidence, 0 to 1."""
        whole = math.prod(1 - MISSING_COSTS.get(source, 0.0) for source in self.missing)
        return whole * math.prod(1 - MISSING_COSTS.get(source, 0.0) / 2 for source in self.in_part)


@dataclass(frozen=True)
class Confidence:
    """0 to 1, with the reason."""

    value: float
    reason: str


def seen(findings: Iterable[Finding], expected: Iterable[Source]) -> Seen:
    """`expected`: sources that should have been asked; one that nobody asked was not seen either."""
    listed = list(findings)
    gone = {f.source for f in listed if f.unseen}
    answered = {f.source for f in listed if f.presence is not Presence.MISSING}
    absent = (gone | set(expected)) - answered
    return Seen(
        missing=tuple(source for source in Source if source in absent),
        in_part=tuple(source for source in Source if source in gone & answered),
    )


def confidence(ranked: Sequence[Hypothesis], sources: Sequence[Source], view: Seen, place: float) -> Confidence:
    """Confidence in service and category of the first of `ranked`; `sources` are those that speak for it, `place` the
    confidence (0 to 1) in its service.
    """
    if not ranked:
        return Confidence(0.0, f"nothing speaks for any cause{_in_part(view)}")
    first, rival = ranked[0], rival_of(ranked)
    lead = first.score - (rival.score if rival is not None else 0.0)
    sure = _sigmoid(_SCORE * math.log2(1 + first.score) + _LEAD * math.log2(1 + max(0.0, lead)) + _OFFSET)
    full = min(sure, place, _UNCALIBRATED_AT_MOST)
    ahead = f"ahead of {_phrase(rival)} by {lead:.1f}" if rival is not None else "and no other cause has any"
    said = f"{_phrase(first)}: {first.score:.1f} bits from {_named(sources)}, {ahead}"
    if first.category is Category.UNKNOWN:
        full = min(full, _KINDLESS_AT_MOST)
        said = f"something is wrong at {first.service}, and nothing tells what ({first.score:.1f} bits)"
    return Confidence(full * view.factor, f"{said}{_in_part(view)}")


def rival_of(ranked: Sequence[Hypothesis]) -> Hypothesis | None:
    """The best that says something else than the first."""
    return next((other for other in ranked[1:] if _denies(other, ranked[0])), None)


def _denies(other: Hypothesis, first: Hypothesis) -> bool:
    """Does it say something else? Trouble of whatever kind, at the same service, is what the first one explains."""
    return other.service != first.service or other.category is not Category.UNKNOWN


def _phrase(hypothesis: Hypothesis) -> str:
    return f"{hypothesis.category.replace('_', ' ')} at {hypothesis.service}"


def _named(sources: Sequence[Source]) -> str:
    if not sources:
        return "no source"
    *others, last = sources
    return f"{', '.join(others)} and {last}" if others else last


def _in_part(view: Seen) -> str:
    """What was not seen at all is a field of the diagnosis, which is shown beside the cause; this is said here only."""
    return f"; seen in part: {', '.join(view.in_part)}" if view.in_part else ""


def _sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))
