"""What a checkout of numenta/NAB holds: series, labelled windows, and results of other detectors."""

import csv
import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

TUNING = ("artificialNoAnomaly", "artificialWithAnomaly", "realAdExchange", "realTraffic", "realTweets")
"""The folders that constants of the detector were chosen on. The others are for measuring only."""

RESERVED = ("realAWSCloudwatch", "realKnownCause")

_WINDOWS = Path("labels") / "combined_windows.json"
_LABELS = Path("labels") / "combined_labels.json"
_RESULTS = Path("results") / "final_results.json"


class NoCheckoutError(Exception):
    """The folder given does not hold what a checkout of numenta/NAB holds; the message says what is missing."""


@dataclass(frozen=True)
class Labelled:
    """A series: `at` in unix seconds (rising, not always evenly), and windows as (first, last) positions.

    `labels`: for each window the unix time of what is labelled in it, the first where there are several.
    """

    name: str
    at: Floats
    values: Floats
    windows: tuple[tuple[int, int], ...]
    labels: tuple[float, ...] = ()

    @property
    def folder(self) -> str:
        return self.name.partition("/")[0]


class _Marks(NamedTuple):
    """By series: labelled windows as (first, last) times, and labelled times."""

    windows: dict[str, list[tuple[str, str]]]
    labels: dict[str, list[str]]


def load(data: Path, folders: Sequence[str]) -> tuple[Labelled, ...]:
    """All series of these folders, by name. Raises NoCheckoutError."""
    marks = _marks(data)
    found: list[Labelled] = []
    for folder in folders:
        files = sorted((data / "data" / folder).glob("*.csv"))
        if not files:
            raise NoCheckoutError(f"{data / 'data' / folder} holds no series: is {data} a checkout of numenta/NAB?")
        found += [_labelled(f"{folder}/{file.name}", file, "value", marks) for file in files]
    return tuple(found)


def load_results(data: Path, detector: str) -> tuple[Labelled, ...]:
    """The anomaly scores that NAB's repository holds of a detector, as `values`; empty where it holds none."""
    marks = _marks(data)
    files = sorted((data / "results" / detector).glob(f"*/{detector}_*.csv"))
    named = [(f"{file.parent.name}/{file.name.removeprefix(detector + '_')}", file) for file in files]
    return tuple(_labelled(name, file, "anomaly_score", marks) for name, file in named)


def commit(data: Path) -> str | None:
    """The commit of the checkout; None where it is a copy without git."""
    asked = subprocess.run(
        ["git", "-C", str(data), "rev-parse", "--show-prefix", "HEAD"], capture_output=True, text=True, check=False
    )
    prefix, _, head = asked.stdout.partition("\n")
    # A copy inside somebody else's checkout would answer with that one's commit.
    return head.strip() if asked.returncode == 0 and not prefix else None


def published(data: Path) -> dict[str, dict[str, float]]:
    """The scores over the whole corpus that NAB's repository publishes, by detector and profile; empty without."""
    file = data / _RESULTS
    return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}


def _marks(data: Path) -> _Marks:
    return _Marks(_read(data, _WINDOWS), _read(data, _LABELS))


def _read(data: Path, name: Path) -> Any:  # noqa: ANN401 - the two files differ in shape
    try:
        return json.loads((data / name).read_text(encoding="utf-8"))
    except OSError as error:
        raise NoCheckoutError(f"{data / name} cannot be read: is {data} a checkout of numenta/NAB?") from error


def _labelled(name: str, file: Path, column: str, marks: _Marks) -> Labelled:
    with file.open(encoding="utf-8", newline="") as lines:
        rows = [(_seconds(row["timestamp"]), float(row[column])) for row in csv.DictReader(lines)]
    at = np.array([row[0] for row in rows])
    windows = [(_seconds(first), _seconds(last)) for first, last in marks.windows.get(name, [])]
    labels = sorted(_seconds(label) for label in marks.labels.get(name, []))
    return Labelled(
        name=name,
        at=at,
        values=np.array([row[1] for row in rows]),
        windows=tuple((_position(at, first), _position(at, last)) for first, last in windows),
        labels=tuple(next((x for x in labels if first <= x <= last), first) for first, last in windows),
    )


def _seconds(text: str) -> float:
    """NAB's times name no zone; they are read as UTC, so that a clock change is none."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def _position(at: Floats, seconds: float) -> int:
    """The first point at this time (two series repeat some times at a clock change)."""
    return int(np.argmax(at >= seconds))
