"""When a series that was watched has no samples any more: trouble of its own, of what watches it, or how it is now.

Pure and without a clock, like `domain.detection`, whose standings it reads and writes.
"""

from datetime import UTC, datetime, timedelta

from pydantic import AwareDatetime

from domain.anomaly import AlertStatus, Anomaly
from domain.detection import SOURCE, Verdict, Watched
from domain.levels import Severity
from domain.model import Model
from domain.series import USUAL_AFTER, Standing

MONITORING = "monitoring"
"""The service that an incident is of when most services have fallen silent together, or nothing can be seen at all."""
DEGRADED = "monitoring degraded or a large outage"
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


class Sight(Model):
    """How long the source of all samples has not answered. `since`: its first silence, None: it answers.

    `told`: is that reported? None: a worker before this one may have done so.
    """

    since: AwareDatetime | None = None
    told: bool | None = False


def first_sight(judged_until: datetime | None, now: datetime) -> Sight:
    """As a worker begins, given up to when all before it have judged: was it dark for long, one may have told so."""
    return Sight(told=None if judged_until is not None and now - judged_until > _SILENT else False)


def in_the_dark(sight: Sight, now: datetime, why: str) -> tuple[Sight, Anomaly | None]:
    """It does not answer: trouble of the monitoring when that lasts, reported once.

    Each worker finds that at a time of its own; as from the mark before it, most tell of the same episode.
    """
    dark = sight.model_copy(update={"since": sight.since or now})
    since = dark.since or now
    if dark.told or now - since < _SILENT:
        return dark, None
    return dark.model_copy(update={"told": True}), _darkness(
        _mark(since), now, f"no answer since {since:%H:%M:%S} UTC: {why}"
    )


def in_the_light(sight: Sight, now: datetime) -> tuple[Sight, Anomaly | None]:
    """It answers: what was reported is over, or may have been by a worker before this one.

    That ends all episodes that began no later (domain.anomaly.latest), whoever told of them: what was told by now had
    begun five minutes ago or more. A darkness that begins from now on has a later mark, and is told anew.
    """
    light = Sight(told=False)
    if sight.told is False:
        return light, None
    over = _darkness(_mark(now - _SILENT), now, "it answers")
    return light, over.model_copy(update={"status": AlertStatus.RESOLVED, "ends_at": now})


def _mark(at: datetime) -> datetime:
    """The last of the times that lie five minutes apart, the same ones for all workers."""
    step_s = _SILENT.total_seconds()
    return datetime.fromtimestamp(at.timestamp() // step_s * step_s, UTC)


def _darkness(since: datetime, now: datetime, said: str) -> Anomaly:
    name = "the source of metrics does not answer"
    return Anomaly(
        source=SOURCE, fingerprint="source-of-metrics", name=name, service=MONITORING,
        title=f"{DEGRADED}: {name} ({said})"[:2_000], starts_at=since, seen_at=now, severity_label=Severity.HIGH,
        labels={"alertname": name, "service": MONITORING},
    )  # fmt: skip


def of_monitoring(anomaly: Anomaly) -> bool:
    """Is it trouble of what watches the services, as our own detection found it?"""
    return anomaly.source == SOURCE and anomaly.service == MONITORING


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
        "title": f"{DEGRADED}: {verdict.anomaly.title}"[:2_000],
    }
    standing = verdict.standing.model_copy(update={"outage": True})
    return Verdict(
        standing=standing, reason=verdict.reason, anomaly=verdict.anomaly.model_copy(update=changes)
    )  # fmt: skip
