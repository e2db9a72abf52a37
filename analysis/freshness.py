"""Is something still going on? What has stopped explains the present only a quarter as well."""

from datetime import datetime

STOPPED = 0.25
"""What is left of the bits of something that has stopped."""
_LEAST_SILENCE_S = 60.0
_USUAL_GAPS = 5.0


def freshness(first: datetime, last: datetime, count: float, now: datetime) -> float:
    """1, or STOPPED after a silence of more than a minute that is also longer than five of its usual gaps."""
    gap = (last - first).total_seconds() / (count - 1) if count > 1 else 0.0
    silence = (now - last).total_seconds()
    return STOPPED if silence > max(_LEAST_SILENCE_S, _USUAL_GAPS * gap) else 1.0
