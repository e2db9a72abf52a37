"""What our own detection finds that is too mild to refute a fix of something else.

A fix is verified by the symptom that it was made for. A series that is somewhat unusual beside it, as some series of a
busy system always is, is shown; alone it can neither bring a fix down nor leave it in doubt.
"""

from domain.anomaly import Anomaly
from domain.detection import SOURCE
from domain.levels import Severity
from domain.services import Expression
from domain.severity import SIGMA_STEPS

_HIGH = next(bound for bound, level in SIGMA_STEPS if level is Severity.HIGH)


def mild_until(anomaly: Anomaly, expression: Expression | None) -> float | None:
    """Up to which value, in its unit, it is mild; None: it counts in full from the beginning.

    Only an anomaly of ours that is not HIGH is mild, up to the value at which it would be: as far from the usual as its
    own deviation says, in a straight line. What people call broken (`bound`) is not mild whatever its sigma.
    Downwards it is mild up to what it was told with: rates and shares end at zero, which no line may reach.
    """
    sigma, actual, usual = anomaly.sigma, anomaly.actual, anomaly.expected
    if anomaly.source != SOURCE or sigma is None or actual is None or usual is None:
        return None
    if sigma <= 0 or sigma > _HIGH:
        return None
    high = usual + (actual - usual) * _HIGH / sigma
    if actual < usual:
        if high <= 0:
            return None
        high = actual
    bound = None if expression is None else expression.bound
    if bound is None:
        return high
    nearest = min(high, bound) if actual > usual else max(high, bound)
    broken = actual > bound if actual > usual else actual < bound
    return None if broken else nearest
