"""What a run has shown: tables on screen, and the same figures as JSON."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from analysis.novelty import THRESHOLD
from evals.detection.nab_data import Labelled, load_results, published
from evals.detection.nab_score import PROFILES, Judged, best_threshold, nab_score
from evals.detection.streaming import Alarms, Streamed, alarms

KNOWN_DETECTOR = "windowedGaussian"
_COMPARED = ("ARTime", "numenta", "contextOSE", "randomCutForest", KNOWN_DETECTOR)
_NAB_NAMES = {"standard": "standard", "low_fp": "reward_low_FP_rate", "low_fn": "reward_low_FN_rate"}


@dataclass(frozen=True)
class Figures:
    """Scores by profile at the product's threshold, `best` at the one that NAB would choose afterwards (with it)."""

    scores: Mapping[str, float]
    best: Mapping[str, tuple[float, float]]
    by_folder: Mapping[str, float]
    left_out: Mapping[str, float]
    median_delay_s: float | None
    false_per_week: float


def measure(streamed: Sequence[Streamed]) -> Figures:
    """All figures of a run. Raises ValueError where no series has a labelled window."""
    corpus = [one.judged for one in streamed]
    counts = [alarms(one, THRESHOLD) for one in streamed]
    return Figures(
        scores={profile.name: nab_score(corpus, THRESHOLD, profile) for profile in PROFILES},
        best={profile.name: best_threshold(corpus, profile) for profile in PROFILES},
        by_folder=_by_folder(streamed, _with_the_own_threshold),
        left_out=_by_folder(streamed, _with_the_threshold_of_the_others),
        median_delay_s=_median([delay for count in counts for delay in count.delays]),
        false_per_week=sum(count.false for count in counts) / sum(count.weeks for count in counts),
    )


def _by_folder(
    streamed: Sequence[Streamed], figure: Callable[[Sequence[Judged], Sequence[Judged]], float]
) -> dict[str, float]:
    """For each folder with a labelled window: the figure of its series, given those of the others."""
    folders = dict.fromkeys(one.series.folder for one in streamed if one.series.windows)
    return {
        folder: figure(
            [one.judged for one in streamed if one.series.folder == folder],
            [one.judged for one in streamed if one.series.folder != folder],
        )
        for folder in folders
    }


def _with_the_own_threshold(inside: Sequence[Judged], _: Sequence[Judged]) -> float:
    return nab_score(inside, THRESHOLD, PROFILES[0])


def _with_the_threshold_of_the_others(inside: Sequence[Judged], others: Sequence[Judged]) -> float:
    """Leave one folder out: as good as a threshold chosen on the others. NaN where there are no others."""
    if not any(series.windows for series in others):
        return float("nan")
    return nab_score(inside, best_threshold(others, PROFILES[0])[0], PROFILES[0])


def _median(delays: Sequence[float]) -> float | None:
    return median(delays) if delays else None


@cache
def reproduction(data: Path) -> dict[str, tuple[float, float]]:
    """By profile: our score of NAB's windowedGaussian results, and the one that its repository publishes.

    Empty where the results are not there, all of them.
    """
    results, known = load_results(data, KNOWN_DETECTOR), published(data).get(KNOWN_DETECTOR)
    if not results or known is None:
        return {}
    corpus = [_as_judged(result) for result in results]
    return {p.name: (best_threshold(corpus, p)[1], known[_NAB_NAMES[p.name]]) for p in PROFILES}


def _as_judged(result: Labelled) -> Judged:
    return Judged(result.name, result.values, result.windows)


def as_json(streamed: Sequence[Streamed], figures: Figures, data: Path, head: str | None, seconds: float) -> Any:  # noqa: ANN401 - JSON
    """One object with all figures; `cases` has a row for each series."""
    return {
        "name": "detection",
        "dataset": "numenta/NAB",
        "data_commit": head,
        "parts": sorted({one.series.folder for one in streamed}),
        "scores": {
            **{f"nab_{name}": round(score, 2) for name, score in figures.scores.items()},
            **{f"nab_{name}_best": round(score, 2) for name, (_, score) in figures.best.items()},
            "median_delay_s": figures.median_delay_s,
            "false_alarms_per_series_week": round(figures.false_per_week, 3),
        },
        "threshold_sigma": THRESHOLD,
        "best_threshold_sigma": round(figures.best["standard"][0], 3),
        "by_folder": _rounded(figures.by_folder),
        "left_out": _rounded(figures.left_out),
        "reproduced": {
            name: {"ours": round(o, 4), "theirs": round(t, 4)} for name, (o, t) in reproduction(data).items()
        },
        "published": {name: _rounded(scores) for name, scores in published(data).items() if name in _COMPARED},
        "seconds": round(seconds, 1),
        "cases": [_case(one, alarms(one, THRESHOLD)) for one in streamed],
    }


def _rounded(figures: Mapping[str, float]) -> dict[str, float | None]:
    return {name: None if value != value else round(value, 2) for name, value in figures.items()}  # noqa: PLR0124 - NaN


def _case(one: Streamed, found: Alarms) -> dict[str, Any]:
    return {
        "series": one.series.name, "points": len(one.sigma), "windows": len(one.series.windows),
        "found": len(found.delays), "missed": found.missed, "false_alarms": found.false,
        "median_delay_s": _median(found.delays),
    }  # fmt: skip


def show(console: Console, figures: Figures, data: Path) -> None:
    """The tables: the scorer against NAB's own, the product's scores, and the folders."""
    _show_reproduction(console, data)
    table = Table("profile", f"at {THRESHOLD:g} sigma", "at NAB's best", "best sigma", title="the product's detector")
    for name, score in figures.scores.items():
        threshold, best = figures.best[name]
        table.add_row(name, f"{score:.2f}", f"{best:.2f}", f"{threshold:.2f}")
    console.print(table)
    table = Table("folder", f"at {THRESHOLD:g} sigma", "left out: threshold of the others", title="standard, by folder")
    for folder, score in figures.by_folder.items():
        table.add_row(folder, f"{score:.2f}", f"{figures.left_out[folder]:.2f}")
    console.print(table)
    delay = "none" if figures.median_delay_s is None else f"{figures.median_delay_s:.0f} s"
    console.print(f"median delay {delay}, {figures.false_per_week:.2f} false alarms per series and week")
    theirs = {name: scores for name, scores in published(data).items() if name in _COMPARED}
    if theirs:
        said = ", ".join(f"{name} {scores['standard']:.1f}" for name, scores in theirs.items())
        console.print(f"published for the whole corpus, standard: {said}", soft_wrap=True)


def _show_reproduction(console: Console, data: Path) -> None:
    both = reproduction(data)
    if not both:
        console.print(f"the scorer is not compared: {data} holds no results of {KNOWN_DETECTOR}", soft_wrap=True)
        return
    table = Table("profile", "this scorer", "NAB's own", title=f"the scorer, on NAB's results of {KNOWN_DETECTOR}")
    for name, (ours, theirs) in both.items():
        table.add_row(name, f"{ours:.2f}", f"{theirs:.2f}")
    console.print(table)
