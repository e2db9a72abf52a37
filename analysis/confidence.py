"""How sure we are of a ranking's first cause, a place and a kind: a number, and the sentence that explains it.

confidence = min(p, q, o, k, 0.95) left, q = sigmoid(a + b log2(1 + S) + c log2(1 + M)): S the score of the first
candidate in bits, M its lead over the best that says something else, p the confidence in its service (calibration.py):
nobody is surer of a cause than of its place. o = 2^M / (1 + 2^M): a lead of M bits is odds of 2^M to one, so a tie is a
coin's toss, however much speaks for both. k is what those bits allow that speak for its very kind and not for any kind
alike (`kind_at_most` of domain/diagnosis.py). `left` is what sources that were not seen leave.

a, b and c were fitted, on public faults and on our own shop's, each with every choice of its sources away: so on what
one source alone says, too. They are in cause_calibration.json, with what they were fitted on;
evals/diagnosis/fit_cause.py makes it.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from analysis.calibration import Coefficients, cause_calibration, mapped
from domain.diagnosis import Hypothesis
from domain.finding import Category, Finding, Presence, Source

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
# So few faults were counted that one in twenty is as rare a mistake as they can tell of.
_AT_MOST = 0.95


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


def features(ranked: Sequence[Hypothesis]) -> tuple[float, float]:
    """log2(1 + S) and log2(1 + M), S and M in bits; nothing found: zeros."""
    if not ranked:
        return 0.0, 0.0
    first, rival = ranked[0], rival_of(ranked)
    return math.log2(1 + first.score), math.log2(1 + max(0.0, _lead(first, rival)))


def stated(looks: tuple[float, float], by: Coefficients, place: float, kind: float, left: float) -> float:
    """The confidence (0 to 1) in service and category that goes with such features.

    `place`: the confidence in the service; `kind`: the most that what speaks for the very kind allows; `left`: what
    sources that were not seen leave, as a share.
    """
    return min(mapped(looks, by), place, kind, _by_lead(looks[1]), _AT_MOST) * left


def _by_lead(look: float) -> float:
    """What a lead allows, from log2(1 + M)."""
    return 1 / (1 + 2 ** (1 - 2**look))


def confidence(ranked: Sequence[Hypothesis], sources: Sequence[Source], view: Seen, place: float) -> Confidence:
    """Confidence in service and category of the first of `ranked`; `sources` are those that speak for it, `place` the
    confidence (0 to 1) in its service.
    """
    if not ranked:
        return Confidence(0.0, f"nothing speaks for any cause{_in_part(view)}")
    first, rival = ranked[0], rival_of(ranked)
    lead = _lead(first, rival)
    ahead = f"ahead of {_phrase(rival)} by {lead:.1f}" if rival is not None else "and no other cause has any"
    said = f"{_phrase(first)}: {first.score:.1f} bits from {_named(sources)}{_of_kind(first)}, {ahead}"
    if first.category is Category.UNKNOWN:
        said = f"something is wrong at {first.service}, and nothing tells what ({first.score:.1f} bits)"
    value = stated(features(ranked), cause_calibration().all, place, first.kind_at_most, view.factor)
    return Confidence(value, f"{said}{_in_part(view)}")


def rival_of(ranked: Sequence[Hypothesis]) -> Hypothesis | None:
    """The best that says something else than the first."""
    return next((other for other in ranked[1:] if _denies(other, ranked[0])), None)


def _lead(first: Hypothesis, rival: Hypothesis | None) -> float:
    """In bits."""
    return first.score - (rival.score if rival is not None else 0.0)


def _denies(other: Hypothesis, first: Hypothesis) -> bool:
    """Does it say something else? Trouble of whatever kind, at the same service, is what the first one explains."""
    return other.service != first.service or other.category is not Category.UNKNOWN


def _of_kind(first: Hypothesis) -> str:
    """Said where there is less of it than of what any kind would have."""
    if first.of_kind is None or first.of_kind > first.score / 2:
        return ""
    return f" ({first.of_kind:.1f} of this very kind)"


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
