"""Where time was added: in an operation itself, or between a caller and its callee.

Own time is a span's duration minus the union of its children. Where all children of a span belong to another service
the rest is the gap of that edge: network, queues, and what both sides do around the call. For each operation and edge
the shift is (median now - median before) / max(IQR / 1.349, 10 % of the median, 5 % of what operations usually take, a
millisecond); it counts where a rank-sum test gives three scales, by its share of all time that was added.

An edge's added time has two possible owners: a slow network towards a service shows on all of its edges, so each side
gets it by how many of its other edges shifted too: callee's share = (0.6 + c) / (0.9 + c + d), c that share of the
callee's other edges, d of the caller's.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from analysis.bits import bits
from analysis.series import baseline
from analysis.traces import Span, Trace, self_time_s

_TIME_FLOOR_S = 0.001
_SHARE_OF_TYPICAL = 0.05
_LEAST_SPANS = 5
_LEAST_RANK_Z = 3.0
_LEAST_Z = 1.0
_CALLEE_FIRST, _BOTH = 0.6, 0.9

Where = Literal["own", "gap"]


@dataclass(frozen=True, order=True)
class Stretch:
    """`own`: of an operation of a service. `gap`: between a service and the one that it calls (`what`)."""

    where: Where
    service: str
    what: str
    kind: str = ""


@dataclass(frozen=True)
class Slower:
    """A stretch that takes longer, seconds, as it counts at `service`. `share`: of all added time, 0 to 1."""

    service: str
    stretch: Stretch
    before_s: float
    now_s: float
    z: float
    share: float

    @property
    def strength(self) -> float:
        return bits(self.z) * self.share


def slower(now: Iterable[Trace], before: Iterable[Trace]) -> list[Slower]:
    """What takes longer than before, strongest first."""
    times, usual = stretches(now), stretches(before)
    typical = float(np.median([np.median(v) for v in usual.values()])) if usual else 0.0
    floor = max(_TIME_FLOOR_S, _SHARE_OF_TYPICAL * typical)
    shifts: dict[Stretch, tuple[float, float, float, float]] = {}
    for stretch, values in times.items():
        earlier = usual.get(stretch, [])
        if len(values) < _LEAST_SPANS or len(earlier) < _LEAST_SPANS or rank_z(values, earlier) < _LEAST_RANK_Z:
            continue
        base, middle = baseline(earlier, floor), float(np.median(values))
        z = (middle - base.middle) / base.scale
        if z >= _LEAST_Z:
            shifts[stretch] = (z, base.middle, middle, (middle - base.middle) * len(values))
    total = sum(added for *_, added in shifts.values())
    found = [
        Slower(service, stretch, was, is_, z, added / total * part)
        for stretch, (z, was, is_, added) in shifts.items()
        for service, part in _owners(stretch, shifts.keys(), times.keys()).items()
    ]
    return sorted(found, key=lambda s: (-s.strength, s.service, s.stretch))


def stretches(traces: Iterable[Trace]) -> dict[Stretch, list[float]]:
    """Seconds of every operation's own time and of every edge's gap."""
    times: dict[Stretch, list[float]] = {}
    for trace in traces:
        children: dict[str, list[Span]] = {}
        for span in trace.spans:
            children.setdefault(span.parent_id or "", []).append(span)
        for span in trace.spans:
            below = children.get(span.span_id, [])
            times.setdefault(_stretch(span, below), []).append(self_time_s(span, below))
    return times


def rank_z(now: Sequence[float], before: Sequence[float]) -> float:
    """Wilcoxon's rank sum of `now` among both, in standard deviations under no difference; ties share their ranks."""
    both = np.concatenate([now, before])
    _, inverse, counts = np.unique(both, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    n, m = len(now), len(before)
    ties = float(np.sum(counts.astype(np.float64) ** 3 - counts))
    variance = n * m / 12 * ((n + m + 1) - ties / ((n + m) * (n + m - 1)))
    return float((np.sum(ranks[:n]) - n * (n + m + 1) / 2) / np.sqrt(variance)) if variance > 0 else 0.0


def _stretch(span: Span, below: Sequence[Span]) -> Stretch:
    others = {child.service for child in below}
    if len(others) == 1 and span.service not in others:
        return Stretch("gap", span.service, others.pop())
    return Stretch("own", span.service, span.operation, span.kind)


def _owners(stretch: Stretch, shifted: Iterable[Stretch], known: Iterable[Stretch]) -> Mapping[str, float]:
    if stretch.where == "own":
        return {stretch.service: 1.0}
    edges = {s for s in known if s.where == "gap" and s != stretch}
    moved = edges.intersection(shifted)
    callee, caller = (_covered(side, edges, moved) for side in (stretch.what, stretch.service))
    share = (_CALLEE_FIRST + callee) / (_BOTH + callee + caller)
    return {stretch.what: share, stretch.service: 1 - share}


def _covered(service: str, edges: Iterable[Stretch], moved: set[Stretch]) -> float:
    """The share of a service's other edges that shifted too."""
    ours = [e for e in edges if service in (e.service, e.what)]
    return sum(e in moved for e in ours) / len(ours) if ours else 0.0
