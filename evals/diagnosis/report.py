"""What a run has shown: tables on screen, and the same figures as JSON."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from analysis.calibration import Coefficients, features
from evals.diagnosis.case import Dataset
from evals.diagnosis.datasets import SCORES
from evals.diagnosis.scoring import Answer, brier, kind_right, left_out, named_right, reliability

_PLACES = 3
# The fit starts from these.
_PLACES_OF_A_LOOK = 5


def as_json(
    dataset: Dataset, parts: Sequence[str], commit: str | None, answers: Sequence[Answer],
    maps: Mapping[str, Coefficients], seconds: float,
) -> dict[str, Any]:  # fmt: skip
    """One object with the figures that the tables show."""
    return {
        "name": "diagnosis",
        "dataset": dataset.name,
        "data_commit": commit,
        "parts": list(parts),
        "scores": {name: _rounded(v) for name, v in SCORES[dataset.name](answers).items()},
        "published": dict(dataset.published),
        "confidence": {
            "named_right": _rounded(named_right(answers)),
            "brier": _rounded(brier(answers)),
            "kind_right": _rounded(kind_right(answers)),
            "reliability": [{k: _rounded(v) for k, v in vars(b).items()} for b in reliability(answers)],
        },
        "leave_one_part_out": {
            part: {name: _rounded(v) for name, v in row.items()} for part, row in left_out(answers, maps).items()
        },
        "seconds": round(seconds, 1),
        "cases": [_case(a) for a in answers],
    }


def show(console: Console, figures: Mapping[str, Any]) -> None:
    """The tables."""
    faults = sum(1 for c in figures["cases"] if c["truth"])
    scores = Table("figure", "value", title=f"{figures['dataset']}: {', '.join(figures['parts'])}")
    scores.add_row("faults / normal windows", f"{faults} / {len(figures['cases']) - faults}")
    for name, value in figures["scores"].items():
        scores.add_row(name, _shown(value))
    scores.add_row("kind right, where place right and kind told", _shown(figures["confidence"]["kind_right"]))
    scores.add_row("processor seconds a case", _shown(_mean([c["seconds"] for c in figures["cases"]])))
    console.print(scores)
    console.print(_reliability(figures))
    console.print(_left_out(figures))
    for name, published in figures["published"].items():
        console.print(f"published, {name}: {published}", markup=False, soft_wrap=True)
    console.print(f"data: {figures['data_commit'] or 'no git checkout'}; {figures['seconds']} s in all")


def _reliability(figures: Mapping[str, Any]) -> Table:
    table = Table("stated", "cases", "on average", "right", title="confidence in the place")
    for row in figures["confidence"]["reliability"]:
        bounds = f"{row['low']:g} to {row['high']:g}"
        table.add_row(bounds, str(row["count"]), _shown(row["stated"]), _shown(row["right"]))
    return table


def _left_out(figures: Mapping[str, Any]) -> Table:
    rows: Mapping[str, Mapping[str, float | None]] = figures["leave_one_part_out"]
    columns = list(dict.fromkeys(name for row in rows.values() for name in row))
    table = Table("part", *columns, title="each part by a confidence that never saw it")
    for part, row in rows.items():
        table.add_row(part, *(_shown(row[c]) for c in columns))
    return table


def _case(answer: Answer) -> dict[str, Any]:
    return {
        "name": answer.case.name,
        "part": answer.case.part,
        "group": answer.case.group,
        "truth": sorted(answer.case.truth),
        "said": [{"service": p.service, "score": _rounded(p.score)} for p in answer.diagnosis.places],
        "place_confidence": _rounded(answer.diagnosis.place_confidence),
        "confidence": _rounded(answer.diagnosis.confidence),
        "looks": [round(x, _PLACES_OF_A_LOOK) for x in features(answer.diagnosis.places)],
        "sight": _rounded(answer.diagnosis.places[0].sight if answer.diagnosis.places else 1.0),
        "kind": answer.diagnosis.hypotheses[0].category if answer.diagnosis.hypotheses else None,
        "kinds": sorted(answer.case.kinds),
        "seconds": _rounded(answer.seconds),
        **answer.case.notes,
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, _PLACES)


def _shown(value: float | None) -> str:
    return "-" if value is None else f"{value:g}"


def _mean(values: Sequence[float]) -> float | None:
    return round(sum(values) / len(values), _PLACES) if values else None
