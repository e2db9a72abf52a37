"""When what detectors say of series becomes an anomaly: persistence, a second witness, hysteresis.

Pure and without a clock: samples carry their times. One strange point of one series opens nothing (spec section 1).
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from itertools import takewhile

from pydantic import AwareDatetime

from domain.anomaly import AlertStatus, Anomaly
from domain.levels import Severity
from domain.model import Model
from domain.quantity import quantity
from domain.series import ALONE, USUAL_AFTER, Standing
from domain.services import Expression
from domain.sign import CORRECTED, FORECAST, STRANGE, Sign

SOURCE = "nightshift"
"""As what our own detection is known among the sources of anomalies."""

# Back is below half of the deviation that is strange, as the detector measures it (ln 2 below three).
BACK = 2.3
# `up` needs no history and no statistics; twice, so that one lost scrape is none.
_DOWN_NEEDED = 2
_WITNESS_WITHIN = timedelta(minutes=5)
_OF_THE_FORECAST = frozenset({FORECAST, CORRECTED})
# Pods come and go: their series are the service's.
_PASSING_LABELS = frozenset(
    {"__name__", "pod", "instance", "container", "container_id", "id", "node", "uid", "replica"}
)


class Watched(Model):
    """A series that is watched: which expression of which service, and the labels that tell it from its sisters."""

    key: str
    service: str
    expression: Expression
    query: str
    labels: dict[str, str] = {}


class SeriesRow(Model):
    """A series as it is kept over a restart: `until` is its last judged sample, `detector` what is known of it."""

    watched: Watched
    standing: Standing
    until: AwareDatetime
    points: int
    detector: bytes


class Verdict(Model):
    """What becomes of a series, with the reason: `anomaly` is to be reported, firing or resolved; None: nothing is."""

    standing: Standing
    reason: str
    anomaly: Anomaly | None = None


def series_key(service: str, expression: Expression, labels: Mapping[str, str]) -> str:
    """The identity of a series, without what changes with each deployment."""
    kept = {name: value for name, value in labels.items() if name not in _PASSING_LABELS}
    said = json.dumps([service, expression.name, kept], sort_keys=True)
    return hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()[:20]


def is_down(expression: Expression, value: float) -> bool:
    """Is this the value of an `up` that says it is not?"""
    return expression.kind == "up" and value < down_below(expression)


def down_below(expression: Expression) -> float:
    """Below this value an `up` says that it is down."""
    return 1.0 if expression.bound is None else expression.bound


def decide(series: Watched, standing: Standing, service: Mapping[str, Standing], now: datetime) -> Verdict:
    """What becomes of a series, given how the expressions of its service stand (the strangest series of each)."""
    if standing.silent:
        return Verdict(standing=standing, reason="it has no samples to judge")
    if standing.since is not None:
        return _while_reported(series, standing, now)
    down = _is_down_for_good(series, standing)
    # What people call broken is so whatever they marked before: a raised threshold does not hide it.
    broken = _is_broken(series, standing) and standing.strange_unraised
    if not down and not broken and not standing.strange:
        return Verdict(standing=standing, reason=_not_strange(standing))
    reason = "it is down" if down else _believed(series, standing, service, now)
    if reason is None:
        return Verdict(standing=standing, reason=f"{standing.sigma:.1f} sigma, and no second witness")
    if not (down or broken or standing.outlasts or _in_trouble(series, service)):
        return Verdict(standing=standing, reason=_not_yet(standing))
    begun = standing.model_copy(update=_down(series, standing) if down else _strange(standing))
    return Verdict(standing=begun, reason=reason, anomaly=_anomaly(series, begun, now, down=down, reason=reason))


def _is_down_for_good(series: Watched, standing: Standing) -> bool:
    last = standing.signs[-_DOWN_NEEDED:]
    return len(last) == _DOWN_NEEDED and all(is_down(series.expression, sign.value) for sign in last)


def _down(series: Watched, standing: Standing) -> dict[str, object]:
    """Since when it has been down, with its last sample, and the value from which it would be up again."""
    run = list(takewhile(lambda sign: is_down(series.expression, sign.value), reversed(standing.signs)))
    return {"since": run[-1].at, "worst": run[0], "bound": down_below(series.expression)}


def _strange(standing: Standing) -> dict[str, object]:
    worst = max(standing.signs, key=lambda sign: sign.sigma)
    return {"since": standing.onset, "worst": worst, "bound": worst.usual + (worst.value - worst.usual) / 2}


def _believed(series: Watched, standing: Standing, service: Mapping[str, Standing], now: datetime) -> str | None:
    """Why the strangeness is believed: HIGH by itself, broken by what people call broken, or a second witness."""
    if standing.sigma > ALONE:
        return f"{standing.sigma:.1f} sigma speaks for itself, {_seen_by(standing)}"
    if standing.agreed:
        return "forecast and streaming detector agree"
    if standing.climbs:
        return "it climbs steadily"
    expression = series.expression
    if expression.bound is not None and _is_broken(series, standing):
        return f"{expression.name} is beyond {quantity(expression.bound, expression.unit)}, {_seen_by(standing)}"
    for name, other in service.items():
        if name != expression.name and _testifies(other) and now - other.signs[-1].at <= _WITNESS_WITHIN:
            return f"{name} is strange as well, {_seen_by(standing)}"
    return None


def _testifies(other: Standing) -> bool:
    """Is it strange, and more so than what it gets over by itself? A pause that goes on proves nothing."""
    return other.strange and (other.since is not None or other.outlasts)


def _seen_by(standing: Standing) -> str:
    """Which of the two saw it."""
    if standing.agreed:
        return "seen by forecast and streaming detector"
    worst = max(standing.signs, key=lambda sign: sign.sigma)
    return f"seen by the {worst.look if worst.look in _OF_THE_FORECAST else 'streaming detector'}"


def _is_broken(series: Watched, standing: Standing) -> bool:
    """Is the last value beyond what people call broken?"""
    return bool(standing.signs) and _beyond(series.expression, standing.signs[-1].value)


def _in_trouble(series: Watched, service: Mapping[str, Standing]) -> bool:
    """Is another expression of the service reported? Then waiting keeps nobody from being called, and what ends with
    that trouble is not what this series gets over by itself.
    """
    return any(other.since is not None for name, other in service.items() if name != series.expression.name)


def _not_yet(standing: Standing) -> str:
    return f"it got over the like by itself: told when it lasts for {standing.patience.total_seconds():.0f} s"


def _not_strange(standing: Standing) -> str:
    if standing.strange_unraised:
        said = "no false positives of it had been marked"
        return f"strange if {said}: its threshold is {standing.threshold:.2f} sigma"
    return "not strange for long enough"


def _beyond(expression: Expression, value: float) -> bool:
    if expression.bound is None:
        return False
    return value > expression.bound if expression.harmful == "up" else value < expression.bound


def _is_back(expression: Expression, sign: Sign, threshold: float) -> bool:
    """Is a sample calm again? Under a raised threshold it may be as much higher, unless it is what people call broken:
    what they called usual must not keep the series reported, and what opened beneath the threshold not end at once.
    """
    if is_down(expression, sign.value):
        return False
    return sign.sigma < BACK or (sign.sigma < threshold - (STRANGE - BACK) and not _beyond(expression, sign.value))


def _while_reported(series: Watched, standing: Standing, now: datetime) -> Verdict:
    since = standing.since
    assert since is not None, "only a series that is reported can be over"  # noqa: S101 - by its caller
    back = all(_is_back(series.expression, sign, standing.threshold) for sign in standing.signs)
    if back or now - since > USUAL_AFTER:
        reason = "all of the last samples are back" if back else "it has been so for six hours: that is usual now"
        over = _anomaly(series, standing, now, down=False, reason=reason)
        resolved = over.model_copy(update={"status": AlertStatus.RESOLVED, "ends_at": now})
        return Verdict(standing=standing.over(), reason=reason, anomaly=resolved)
    return Verdict(standing=standing, reason="it goes on")


def _anomaly(series: Watched, standing: Standing, now: datetime, *, down: bool, reason: str) -> Anomaly:
    worst, expression = standing.worst or standing.signs[-1], series.expression
    since = standing.since or worst.at
    # What has been down for as long as it is known has no usual value to tell of.
    usual = None if is_down(expression, worst.usual) else worst.usual
    said = f"{expression.name} is {quantity(worst.value, expression.unit)}"
    said += "" if usual is None else f", usually {quantity(usual, expression.unit)}"
    return Anomaly(
        source=SOURCE,
        fingerprint=series.key,
        name=expression.name,
        service=series.service,
        title=f"{said} ({reason})"[:2_000],
        starts_at=since,
        seen_at=now,
        severity_label=Severity.HIGH if down else None,
        labels={**series.labels, "alertname": expression.name, "service": series.service},
        actual=worst.value,
        expected=usual,
        sigma=None if down else worst.sigma,
        unit=expression.unit,
        expression=_rule(series, standing),
    )


def _rule(series: Watched, standing: Standing) -> str:
    """As an alert rule would be written, so that its end is verified like that of one."""
    if standing.bound is None:
        return series.query
    below = series.expression.harmful == "down" or series.expression.kind == "up"
    return f"({series.query}) {'<' if below else '>'} {standing.bound:.12g}"


def strangest(standings: Iterable[tuple[str, Standing]]) -> dict[str, Standing]:
    """Of (expression's name, standing) of a service's series the strangest of each expression."""
    found: dict[str, Standing] = {}
    for name, standing in standings:
        if name not in found or standing.sigma > found[name].sigma:
            found[name] = standing
    return found
