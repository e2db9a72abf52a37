"""When a series that was watched has no samples any more: trouble of its own, of what watches it, or how it is now.

Pure and without a clock, like `domain.detection`, whose standings it reads and writes.
"""

from datetime import datetime, timedelta

from domain.anomaly import AlertStatus, Anomaly
from domain.detection import SOURCE, USUAL_AFTER, Standing, Verdict, Watched
from domain.levels import Severity

MONITORING = "monitoring"
"""The service that an incident is of when most services have fallen silent together."""
# A series is silent for longer than it ever was: by as much again, and by an hour at most; and never before this.
_SILENT, _LONGER = timedelta(minutes=5), timedelta(hours=1)
# So many services, and half of all, that fall silent are not each in trouble: it is what watches them.
_MANY_SERVICES, _MANY_SHARE = 3, 0.5


def absence(series: Watched, standing: Standing, last: datetime, gap_s: float | None, now: datetime) -> Verdict | None:
    """What becomes of a series of which its source gives no samples, or gives some again; None: nothing.

    `last`: the time of its last sample. `gap_s`: its longest silence within the history that was learnt; None: unknown,
    and only an `up` is missed then.
    """
    if standing.silent:
        return _while_silent(series, standing, last, now)
    known = gap_s is not None or series.expression.kind == "up"
    longest = timedelta(seconds=gap_s or 0.0)
    missed = now - last > max(_SILENT, longest + min(longest, _LONGER))
    if not missed:
        again = standing.model_copy(update={"gone": False})
        return Verdict(standing=again, reason="it has samples again") if standing.gone else None
    if not known or standing.gone or standing.since is not None:
        return None
    reason = f"no sample since {last:%H:%M:%S} UTC"
    if gap_s:
        reason += f", and its longest silence was {gap_s / 60:.0f} min"
    begun = standing.model_copy(update={"since": last, "signs": (), "silent": True, "told_at": now})
    return Verdict(standing=begun, reason=reason, anomaly=_silence(series, begun, last, now, reason))


def _while_silent(series: Watched, standing: Standing, last: datetime, now: datetime) -> Verdict:
    since = standing.since
    assert since is not None, "what is silent is reported"  # noqa: S101 - by `absence`
    back, usual = last > since, now - (standing.told_at or since) > USUAL_AFTER
    if not back and not usual:
        return Verdict(standing=standing, reason="it is still silent")
    reason = "it has samples again" if back else "it is silent six hours later: that is usual now"
    over = _silence(series, standing, since, now, reason).model_copy(
        update={"status": AlertStatus.RESOLVED, "ends_at": now}
    )
    calm = {"since": None, "told_at": None, "silent": False, "outage": False, "gone": not back}
    return Verdict(standing=standing.model_copy(update=calm), reason=reason, anomaly=over)


def _silence(series: Watched, standing: Standing, last: datetime, now: datetime, reason: str) -> Anomaly:
    service = MONITORING if standing.outage else series.service
    name = series.expression.name
    return Anomaly(
        source=SOURCE,
        fingerprint=series.key,
        name=f"{name} is gone",
        service=service,
        title=f"{name} of {series.service} is gone ({reason})"[:2_000],
        starts_at=last,
        seen_at=now,
        severity_label=Severity.HIGH,
        labels={**series.labels, "alertname": f"{name} is gone", "service": service},
        unit=series.expression.unit,
        expression=series.query,
    )


def outage(silent: int, watched: int) -> bool:
    """Have so many of the watched services fallen silent that it is one trouble, of what watches or carries them?"""
    return silent >= max(_MANY_SERVICES, _MANY_SHARE * watched)


def in_outage(verdict: Verdict) -> Verdict:
    """A series that has just fallen silent, as one of many: its anomaly goes to the one incident of the monitoring."""
    if verdict.anomaly is None:
        return verdict
    changes = {
        "service": MONITORING,
        "labels": {**verdict.anomaly.labels, "service": MONITORING},
        "title": f"monitoring degraded or a large outage: {verdict.anomaly.title}"[:2_000],
    }
    standing = verdict.standing.model_copy(update={"outage": True})
    return Verdict(
        standing=standing, reason=verdict.reason, anomaly=verdict.anomaly.model_copy(update=changes)
    )  # fmt: skip
