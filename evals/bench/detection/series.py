"""Made-up series, many of them: each of a few shapes of a day, at a level of its own."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import pi

import numpy as np

from analysis.forecasting.history import History, NotReady, prepare
from analysis.series import Floats
from domain.detection import Watched, series_key
from domain.services import Expression, Service, ServiceMap

LATENCY = Expression(
    name="latency", kind="latency", query='bench_latency_seconds{service="{service}"}', unit="s", floor=0.01
)
MINUTE, DAY = 60.0, 86_400.0
_LEVELS = 10
_NOISE = 0.02
_HISTORY_DAYS, _HISTORY_STEP = 28, 600.0
_BROKEN = 3.0
"""What a planted fault multiplies its series by."""


@dataclass(frozen=True)
class Load:
    """So many series, spread evenly over so many services, of so many shapes; `faults` of them break."""

    series: int
    services: int
    shapes: int
    faults: int

    def service(self, number: int) -> str:
        return f"bench-{number % self.services:04}"

    def watched(self, number: int) -> Watched:
        service, labels = self.service(number), self.labels(number)
        query = LATENCY.query.replace("{service}", service)
        return Watched(
            key=series_key(service, LATENCY, labels), service=service, expression=LATENCY, query=query, labels=labels
        )  # fmt: skip

    def labels(self, number: int) -> dict[str, str]:
        return {"__name__": "bench_latency_seconds", "service": self.service(number), "route": f"route-{number:06}"}

    def level(self, number: int) -> float:
        return 1.0 + number // self.shapes % _LEVELS

    def broken(self) -> list[int]:
        """Spread over all of them."""
        return [place * self.series // self.faults for place in range(self.faults)]

    def services_map(self) -> ServiceMap:
        names = [self.service(number) for number in range(self.services)]
        return ServiceMap(services=tuple(Service(name=name) for name in names), expressions=(LATENCY,))


def shape(number: int, times: Floats, shapes: int) -> Floats:
    """What is usual at these unix times, around 1: a day whose peak is at an hour of its own."""
    waves: Floats = 1 + 0.3 * np.sin(2 * pi * (times / DAY + number / shapes))
    return waves


def history(number: int, shapes: int, until: float) -> History:
    """Four weeks of a shape, up to unix time `until`, prepared as for any training."""
    times = np.arange(until - _HISTORY_DAYS * DAY, until, _HISTORY_STEP)
    chance = np.random.default_rng(number)
    values = shape(number, times, shapes) * (1 + _NOISE * chance.standard_normal(times.size))
    points = list(zip(times.tolist(), values.tolist(), strict=True))
    found = prepare(points, LATENCY.kind, LATENCY.floor, (), until)
    if isinstance(found, NotReady):
        raise TypeError(f"four weeks are enough for any training, but: {found.reason}")
    return found


def openmetrics(load: Load, times: Floats, break_from: float) -> Iterator[str]:
    """A line for each sample of each series; those that break do so at unix time `break_from`."""
    chance = np.random.default_rng(7)
    shapes = [shape(number, times, load.shapes) for number in range(load.shapes)]
    worse = np.where(times >= break_from, _BROKEN, 1.0)
    broken = set(load.broken())
    yield "# TYPE bench_latency_seconds gauge\n"
    for number in range(load.series):
        values = load.level(number) * shapes[number % load.shapes]
        values = values * (1 + _NOISE * chance.standard_normal(times.size)) * (worse if number in broken else 1.0)
        labels = ",".join(f'{name}="{text}"' for name, text in load.labels(number).items() if name != "__name__")
        for at, value in zip(times.tolist(), values.tolist(), strict=True):
            yield f"bench_latency_seconds{{{labels}}} {value:.6g} {at:.0f}\n"
    yield "# EOF\n"
