"""The week, sample by sample, through what production judges and decides by; trained anew each midnight."""

from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import repeat

from activities.detection.asking import SLOW_S
from activities.detection.forecasts import Forecasts
from activities.detection.kept import Kept
from analysis.forecasting.fitting import Failed, fit
from analysis.forecasting.history import NotReady, prepare
from analysis.novelty import Detector
from domain.anomaly import Anomaly
from domain.detection import Watched, decide, series_key, strangest
from domain.forecast import LONGEST_HISTORY, RETRAINED_AFTER, STALE_AFTER, Forecast, Trouble
from domain.series import Standing
from evals.detection.week.history import DAY_S, EXPRESSIONS, STEP_S, Made

SERVICE = "orders"
_TRAINED_STEP_S = 600.0
# What the streaming detector has seen when the week begins: as much as a worker asks for at first.
_WARM = 720


class Table:
    """ForecastStore in a dict, with one forecast for each series and no incidents."""

    def __init__(self) -> None:
        self.all: dict[str, Forecast] = {}

    def trained(self, services: Collection[str]) -> Mapping[str, datetime]:
        return {key: one.trained_at for key, one in self.all.items() if one.service in services}

    def load(self, keys: Sequence[str]) -> Sequence[Forecast]:
        return [self.all[key] for key in keys if key in self.all]

    def heads(self) -> Sequence[Forecast]:
        return list(self.all.values())

    def save(self, forecast: Forecast) -> None:
        self.all[forecast.key] = forecast

    def forget(self, before: datetime) -> None:
        self.all = {key: one for key, one in self.all.items() if one.trained_at >= before}

    def troubles(self, since: datetime) -> Sequence[Trouble]:  # noqa: ARG002 - there are none
        return ()


@dataclass
class Replayed:
    """What was told: each anomaly, firing or resolved, with the unix time at which it was."""

    told: list[tuple[float, Anomaly]] = field(default_factory=list[tuple[float, Anomaly]])


def train(made: Made, days: int) -> list[list[Forecast]]:
    """The forecasts of each midnight of the last `days`, known faults left out, on all cores."""
    midnights = [float(made.times[-1] - n * DAY_S) for n in range(days, 0, -1)]
    jobs = [(made, number, now) for now in midnights for number in range(len(EXPRESSIONS))]
    with ProcessPoolExecutor() as processes:
        found = list(processes.map(_trained, jobs))
    each = len(EXPRESSIONS)
    return [[one for one in found[n : n + each] if one is not None] for n in range(0, len(found), each)]


def _trained(job: tuple[Made, int, float]) -> Forecast | None:
    made, number, now = job
    expression = EXPRESSIONS[number]
    chosen = (made.times % _TRAINED_STEP_S == 0) & (made.times <= now)
    chosen &= made.times > now - LONGEST_HISTORY.total_seconds()
    points = list(zip(made.times[chosen].tolist(), made.values[expression.name][chosen].tolist(), strict=True))
    known = [(fault.start, fault.end) for fault in made.faults if fault.end < now]
    history = prepare(points, expression.kind, expression.floor, known, now)
    if isinstance(history, NotReady):
        return None
    fitted = fit(history, now + STALE_AFTER.total_seconds())
    if isinstance(fitted, Failed):
        return None
    at = datetime.fromtimestamp(now, UTC)
    return Forecast(
        key=series_key(SERVICE, expression, {}), service=SERVICE, expression=expression.name, query=expression.query,
        trained_at=at, again_at=at + RETRAINED_AFTER, points=history.times.size, gap_s=history.gap_s,
        starts_at=datetime.fromtimestamp(fitted.band.start, UTC), step_s=fitted.band.step_s, stretch=fitted.stretch,
        band=fitted.band.packed(),
    )  # fmt: skip


def replay_all(
    made: Sequence[Made], days: int, forecasts: Sequence[Sequence[Sequence[Forecast]]], *, streaming: bool
) -> list[Replayed]:
    """Several weeks with the forecasts of each, side by side on all cores."""
    judge = partial(replay, streaming=streaming)
    with ProcessPoolExecutor() as processes:
        return list(processes.map(judge, made, repeat(days), forecasts))


def replay(made: Made, days: int, forecasts: Sequence[Sequence[Forecast]], *, streaming: bool) -> Replayed:
    """The last `days`. `forecasts`: those of each midnight. Without `streaming` only the forecast judges."""
    table, found = Table(), Replayed()
    judge = Forecasts(table)
    kept = [_kept(number) for number in range(len(EXPRESSIONS))]
    begin = made.times.size - int(days * DAY_S / STEP_S)
    for place in range(begin - _WARM * int(SLOW_S / STEP_S), made.times.size):
        at = float(made.times[place])
        day, of_day = divmod(place - begin, int(DAY_S / STEP_S))
        if of_day == 0 and 0 <= day < len(forecasts):
            for forecast in forecasts[day]:
                table.save(forecast)
            judge.refresh({SERVICE})
        due = [one for one in kept if one.watched.expression.fast or at % SLOW_S == 0]
        points = [[(at, float(made.values[one.watched.expression.name][place]))] for one in due]
        for one, new, expected in zip(due, points, judge.judge([k.watched for k in due], points), strict=True):
            if not streaming:
                # It is never ready, so that it never says anything.
                one.detector.points = 0
            one.take(new, expected)
        found.told += [(at, anomaly) for anomaly in _decided(kept, at) if place >= begin]
    return found


def _kept(number: int) -> Kept:
    expression = EXPRESSIONS[number]
    watched = Watched(
        key=series_key(SERVICE, expression, {}), service=SERVICE, expression=expression, query=expression.query
    )
    return Kept(watched, Standing(), 0.0, Detector(floor=expression.floor))


def _decided(kept: Sequence[Kept], at: float) -> list[Anomaly]:
    service = strangest((one.watched.expression.name, one.standing) for one in kept)
    moment, found = datetime.fromtimestamp(at, UTC), list[Anomaly]()
    for one in kept:
        verdict = decide(one.watched, one.standing, service, moment + timedelta(seconds=1))
        one.settle(verdict.standing)
        found += [verdict.anomaly] if verdict.anomaly is not None else []
    return found
