"""Since when it is as it is now. Pure."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from domain.anomaly import Anomaly

_GAP = timedelta(minutes=1)
"""So long without any alert parts two stretches. Below it what flaps would look like the end of a trouble."""


def stretch_start(anomalies: Iterable[Anomaly]) -> datetime | None:
    """The start of the last stretch of time in which something fired, None: nothing ever did.

    An incident may hear the end of an alert that was over long before: Alertmanager tells of it when its group is due,
    and the incident that it was of has ended by then. The alert stays known, but an investigation that begins there
    looks for what changed minutes too early, and finds the trouble itself in its calm.
    """
    start = until = None
    for one in sorted(anomalies, key=lambda a: a.starts_at):
        if start is None or (until is not None and one.starts_at > until + _GAP):
            start, until = one.starts_at, _end(one)
        elif until is not None:
            end = _end(one)
            until = None if end is None else max(until, end)
    return start


def _end(anomaly: Anomaly) -> datetime | None:
    """None: it fires. An end that nobody told may have lasted until it was seen."""
    return None if anomaly.firing else anomaly.ends_at or anomaly.seen_at
