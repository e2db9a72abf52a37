"""Writes the history as OpenMetrics text and has promtool make Prometheus blocks of it."""

import itertools
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

import numpy as np

from rig.history.series import Series, all_series
from rig.history.traffic import Floats, make_traffic
from rig.servers.prometheus import PrometheusServer

# promtool reads its whole input once for every block of two hours, so it gets a file for every six hours.
_PIECE_SECONDS = 6 * 3600
SYNTHETIC_METRIC = "backfilled_history_info"


@dataclass(frozen=True)
class History:
    """What was written; `start` and `end` are seconds since the epoch."""

    start: float
    end: float
    series: int
    samples: int

    @property
    def sentence(self) -> str:
        """The truth about it, for the screen."""
        first, last = (datetime.fromtimestamp(moment, UTC) for moment in (self.start, self.end))
        return (
            f"Prometheus was given {(self.end - self.start) / 3600:.0f} hours of synthetic history "
            f"({first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M} UTC, {self.series} series, {self.samples:,} samples): "
            "nobody measured it."
        )


def backfill(prometheus: PrometheusServer, *, end: float, hours: float = 72.0, seed: int = 1) -> History:
    """Write `hours` of history that ends at `end` (seconds since the epoch) into a Prometheus that has not started yet.

    The same seed and end give the same history. Raises ValueError when promtool refuses it.
    """
    rng = np.random.default_rng(seed)
    traffic = make_traffic(rng, end, hours)
    series = [_synthetic_mark(len(traffic.times)), *all_series(rng, traffic)]
    with tempfile.TemporaryDirectory() as folder:
        for piece in pieces(traffic.times):
            text = Path(folder) / "history.txt"
            with text.open("w", encoding="ascii") as out:
                write_openmetrics(out, series, traffic.times, piece)
            prometheus.backfill(text)
    return History(float(traffic.times[0]), end, len(series), len(series) * len(traffic.times))


def pieces(times: Floats) -> Iterator[slice]:
    """Cut the samples at multiples of six hours since the epoch, where Prometheus also cuts its blocks."""
    numbers = np.floor(times / _PIECE_SECONDS)
    cuts = [0, *(np.flatnonzero(np.diff(numbers)) + 1).tolist(), len(times)]
    for first, last in itertools.pairwise(cuts):
        yield slice(first, last)


def write_openmetrics(out: TextIO, series: Iterable[Series], times: Floats, piece: slice) -> None:
    """Write one piece of all series as OpenMetrics text (times in seconds).

    The format wants a family's series together, and within a histogram all buckets of one time before the next.
    """
    stamps = [f"{moment:.3f}" for moment in times[piece].tolist()]
    for family, members in itertools.groupby(series, key=lambda one: (one.family, one.kind)):
        out.write(f"# TYPE {family[0]} {family[1]}\n")
        for _, together in itertools.groupby(members, key=_without_bucket):
            columns = [_lines(one, piece, stamps) for one in together]
            out.writelines(itertools.chain.from_iterable(zip(*columns, strict=True)))
    out.write("# EOF\n")


def _without_bucket(series: Series) -> dict[str, str]:
    return {name: value for name, value in series.labels.items() if name != "le"}


def _lines(series: Series, piece: slice, stamps: Sequence[str]) -> Iterator[str]:
    labels = ",".join(f'{name}="{value}"' for name, value in series.labels.items())
    head = f"{series.name}{{{labels}}}"
    values = series.values[piece].tolist()
    return (f"{head} {value:.12g} {stamp}\n" for value, stamp in zip(values, stamps, strict=True))


def _synthetic_mark(steps: int) -> Series:
    """A series that says of this stretch of time that it is made up; a live scrape does not have it."""
    labels = {"source": "synthetic"}
    return Series(SYNTHETIC_METRIC, "gauge", SYNTHETIC_METRIC, labels, np.ones(steps))
