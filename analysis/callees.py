"""Which part of a caller's trouble its callees explain, in the measure's own unit, and how much of the alerted symptom
a service can have caused at all.

For one measure (latency in seconds, or the failing share):

- D = min(y - m, y - p): what was added now against the calm's middle m and against what was measured just before the
  alert, p. What was as bad before the alert did not cause it.
- A callee explains r D_callee of its caller's D, r calls to it per request (at most 5), by how sure its own shift is:
  clip((z - 1) / 2, 0, 1). What is left is the share u = 1 - min(1, sum / D). Where requests are counted, but not of
  these two, r is 5: what may be the callee's doing is not held against its caller. Where a callee's measure cannot be
  seen, what it calls stands in for it.
- The impact of a service on the alerted symptom is at most i = min(1, D requests / (D_t requests_t)): a slow service
  that hardly anybody calls made few requests slow. Where the alerted measure is as it always was, i = 0: no symptom, no
  cause.

A service that reports nothing itself is known by what its callers see of it; then siblings that do report explain it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from analysis.bits import clipped
from analysis.shifts import Shift

MOST_CALLS = 5.0
# Fewer requests, less sure: z shrinks by sqrt(1 + 20 / requests).
_UNSURE_BELOW = 20.0
_LEAST_D = 1e-12


@dataclass(frozen=True)
class Explained:
    """A shift with what is its own: `unexplained` and `impact` are shares (0 to 1), `by` what each callee took; `sure`
    (0 to 1) that it is a shift at all.
    """

    shift: Shift
    unexplained: float
    impact: float
    by: Mapping[str, float]
    sure: float = 0.0

    @property
    def share(self) -> float:
        return self.unexplained * self.impact


@dataclass(frozen=True)
class Traffic:
    """Requests of a service in the calm and now, per stretch of one measurement."""

    calm: float
    now: float


def added(shift: Shift) -> float:
    """D, in the measure's unit, positive in the harmful direction; 0 where it was as bad before the alert."""
    sign = 1.0 if shift.direction == "up" else -1.0
    more = sign * (shift.value - shift.base.middle)
    if len(shift.measured.before):
        more = min(more, sign * (shift.value - float(np.mean(shift.measured.before))))
    return max(0.0, more)


def explained(
    shifts: Sequence[Shift], calls: Mapping[str, Sequence[str]], traffic: Mapping[str, Traffic], alerted: str | None,
    dark: frozenset[str] = frozenset(),
) -> list[Explained]:  # fmt: skip
    """The shifts of one measure with what their callees explain. `calls`: caller -> callees; `dark`: those of which the
    measure cannot be seen.
    """
    by_service = {s.measured.service: s for s in shifts}
    alert = by_service.get(alerted or "")
    below = _through(_with_siblings(calls), dark)
    return [_one(s, by_service, below, traffic, alert) for s in shifts]


def _with_siblings(calls: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """The calls, and for each service that calls nobody (perhaps because it reports nothing) the siblings that do."""
    below = {caller: list(callees) for caller, callees in calls.items()}
    for callees in calls.values():
        reporting = [c for c in callees if calls.get(c)]
        for silent in (c for c in callees if not calls.get(c)):
            known = below.setdefault(silent, [])
            known += [c for c in reporting if c not in known]
    return below


def _through(calls: Mapping[str, Sequence[str]], dark: frozenset[str]) -> dict[str, list[str]]:
    """The calls, and through callees that cannot be seen what those call in turn."""
    return {caller: _seen_below(caller, calls, dark) for caller in calls}


def _seen_below(caller: str, calls: Mapping[str, Sequence[str]], dark: frozenset[str]) -> list[str]:
    found: list[str] = []
    queue = list(calls[caller])
    while queue:
        callee = queue.pop(0)
        if callee not in found and callee != caller:
            found.append(callee)
            queue += calls.get(callee, ()) if callee in dark else ()
    return found


def _one(
    shift: Shift, by_service: Mapping[str, Shift], calls: Mapping[str, Sequence[str]],
    traffic: Mapping[str, Traffic], alert: Shift | None,
) -> Explained:  # fmt: skip
    service, d = shift.measured.service, added(shift)
    if d <= _LEAST_D:
        return Explained(shift, 0.0, 0.0, {})
    by = {
        callee: part
        for callee in calls.get(service, ())
        if callee in by_service and (part := _part(by_service[callee], service, d, traffic)) > 0
    }
    total = sum(by.values())
    scale = 1 / max(1.0, total)
    return Explained(
        shift,
        unexplained=max(0.0, 1.0 - total),
        impact=_impact(service, d, traffic, alert),
        by={callee: part * scale for callee, part in by.items()},
        sure=sureness(shift, traffic),
    )


def _part(callee: Shift, caller: str, d: float, traffic: Mapping[str, Traffic]) -> float:
    uncounted = MOST_CALLS if traffic else 1.0
    calls = calls_each(callee.measured.service, caller, traffic, uncounted)
    return calls * added(callee) * sureness(callee, traffic) / d


def calls_each(callee: str, caller: str, traffic: Mapping[str, Traffic], uncounted: float = 1.0) -> float:
    """Requests of the callee per request of the caller, at most five; `uncounted` where nobody counts them."""
    below, above = traffic.get(callee), traffic.get(caller)
    if below is None or above is None:
        return uncounted
    if above.now <= 0:
        return 1.0
    return min(MOST_CALLS, below.now / above.now)


def _impact(service: str, d: float, traffic: Mapping[str, Traffic], alert: Shift | None) -> float:
    if alert is None:
        return 1.0
    if (d_alert := added(alert)) <= _LEAST_D:
        return 0.0
    return min(1.0, d / d_alert * calls_each(service, alert.measured.service, traffic))


def sureness(shift: Shift, traffic: Mapping[str, Traffic]) -> float:
    """How sure a shift is, 0 to 1: clip((z - 1) / 2, 0, 1), nothing at one scale and all of it from three on."""
    return clipped((shrunk(shift, traffic) - 1) / 2)


def shrunk(shift: Shift, traffic: Mapping[str, Traffic]) -> float:
    """z, less sure where few requests were measured."""
    known = traffic.get(shift.measured.service)
    return shift.z if known is None else shift.z / float(np.sqrt(1 + _UNSURE_BELOW / max(known.now, 1.0)))


def reachable(calls: Mapping[str, Iterable[str]], start: str) -> set[str]:
    """Everything that a service calls, directly or not, and itself."""
    found, queue = {start}, [start]
    while queue:
        for callee in calls.get(queue.pop(), ()):
            if callee not in found:
                found.add(callee)
                queue.append(callee)
    return found
