"""How far each measured quantity left its calm: in scales that no unit decides.

The scale of a series is the largest of IQR / 1.349, 10 % of its median's magnitude, the expression's floor, and 5 % of
the level that the same quantity usually has among all services. The last one keeps a service that does next to nothing
from being loud about next to nothing, and needs no unit: it is taken from the data themselves.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from analysis.bits import bits
from analysis.series import Baseline, Direction, baseline, robust_z
from domain.services import MetricKind

_SHARE_OF_TYPICAL = 0.05
# A thousandth is always taken as free, so that a full thing has finite odds.
_LEAST_FREE = 0.001
# A direction that no expression calls harmful still tells something: half.
_EVIDENCE_ONLY = 0.5


@dataclass(frozen=True)
class Measured:
    """One series of one expression at one service, cut in two; values in the expression's own unit.

    `name` is the expression's: the same quantity at every service. `before`: what was measured between the calm and
    the alert, where somebody kept it; what was as bad then did not cause the alert.
    """

    service: str
    name: str
    kind: MetricKind
    harmful: Direction | None
    floor: float
    calm: Sequence[float]
    now: Sequence[float]
    before: Sequence[float] = ()
    limit: float | None = None


@dataclass(frozen=True)
class Shift:
    """A measured quantity against its calm. `z` in scales, positive in `direction`; `strength` in bits: that of the
    shift, or of how full it is against its limit where that says more.
    """

    measured: Measured
    base: Baseline
    z: float
    direction: Direction
    strength: float

    @property
    def value(self) -> float:
        """What it is now: the middle of the present."""
        return float(np.median(self.measured.now))


def typical_levels(measured: Iterable[Measured]) -> dict[str, float]:
    """For each quantity the median, over the services, of its calm middle's magnitude."""
    levels: dict[str, list[float]] = {}
    for one in measured:
        if one.calm:
            levels.setdefault(one.name, []).append(abs(float(np.median(one.calm))))
    return {name: float(np.median(values)) for name, values in levels.items()}


def shift_of(one: Measured, typical: Mapping[str, float]) -> Shift:
    """The shift of one quantity. Raises ValueError where there is no calm or no present."""
    base = baseline(one.calm, max(one.floor, _SHARE_OF_TYPICAL * typical.get(one.name, 0.0)))
    return judged(one, base)


def judged(one: Measured, base: Baseline) -> Shift:
    """The shift against a measure that is already known, such as a bound."""
    harmful = one.harmful or "up"
    z, direction = robust_z(one.now, base, harmful), harmful
    strength = bits(z) * (1.0 if one.harmful else _EVIDENCE_ONLY)
    if one.kind == "load" and harmful == "down":
        # More load harms only where its expression says so, else it is half a hint.
        more = bits(-z) * _EVIDENCE_ONLY
        if more > strength:
            return Shift(one, base, -z, "up", more)
    return Shift(one, base, z, direction, max(strength, _fullness(one)))


def _fullness(one: Measured) -> float:
    """b(odds of full; 5): 83 % is one bit, 95 % about four. 0 where nobody knows the limit."""
    if one.limit is None:
        return 0.0
    used = float(np.median(one.now))
    return bits(used / max(one.limit - used, one.limit * _LEAST_FREE))
