"""`nightshift eval withheld`: the same faults with every choice of their sources away, as when logs or traces are down.

What one source says by itself, two, or all but one, and how sure the product is of it: faults that all sources saw
teach little about a night on which one is missing.
"""

import time
from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Any

from rich.table import Table

from analysis import calibration
from analysis.confidence import Seen, features, seen
from analysis.ranking import expected, rank
from domain.diagnosis import NAME_A_CAUSE_FROM, Diagnosis
from domain.finding import Category, Finding, Presence, Source, Window, missing
from evals.diagnosis.case import Case
from evals.diagnosis.investigate import findings
from evals.diagnosis.options import (
    DataFolder,
    DatasetName,
    JsonFile,
    Only,
    console,
    known,
    stopped_where_data_are_missing,
    write,
)
from evals.diagnosis.run import chosen, commit_of

_WHY = "withheld"
# The fit starts from these.
_PLACES_OF_A_LOOK = 5
ASKED = (Source.METRICS, Source.LOGS, Source.TRACES, Source.DATABASE, Source.CHANGES)
"""Memory is none of them: it says what was before."""


def withheld(dataset: DatasetName, data: DataFolder, only: Only = None, json_file: JsonFile = None) -> None:
    """Rank the causes of faults with every choice of sources away: right, wrong, or not named.

    Only the faults whose kind is told, and the normal windows. Exits with 2 when the data are not there.
    """
    chosen_set, shown, began = known(dataset), console(), time.monotonic()
    with stopped_where_data_are_missing(shown):
        parts = chosen(chosen_set, data, only)
        rows = [row for part in parts for case in chosen_set.cases(data, part) for row in _rows(case)]
    figures: dict[str, Any] = {
        "name": "withheld", "dataset": dataset, "data_commit": commit_of(data), "parts": list(parts), "rows": rows,
        "seconds": round(time.monotonic() - began, 1),
    }  # fmt: skip
    shown.print(_table(figures))
    write(figures, json_file)


def choices(found: Sequence[Finding]) -> Iterator[frozenset[Source]]:
    """Every choice of at least one of the sources that answered, all of them first."""
    answered = [s for s in ASKED if any(f.source is s and f.presence is not Presence.MISSING for f in found)]
    for count in range(len(answered), 0, -1):
        for some in combinations(answered, count):
            yield frozenset(some)


def without(found: Sequence[Finding], kept: frozenset[Source], window: Window) -> list[Finding]:
    """What would have been found had only these sources answered: the others are missing, and said to be."""
    away = [s for s in ASKED if s not in kept and any(f.source is s for f in found)]
    return [*(f for f in found if f.source not in away), *(missing(s, _WHY, window) for s in away)]


def _rows(case: Case) -> Iterator[dict[str, Any]]:
    if case.truth and not case.kinds:
        return
    found = findings(case)
    window = Window(start=case.question.onset, end=max(case.question.now, case.question.onset))
    whole = next(choices(found), frozenset[Source]())
    for kept in choices(found):
        left = without(found, kept, window)
        view = seen(left, expected(case.question))
        yield _row(case, kept, rank(left, case.question), view, whole=kept == whole)


def _row(case: Case, kept: frozenset[Source], said: Diagnosis, view: Seen, *, whole: bool) -> dict[str, Any]:
    first = said.hypotheses[0] if said.hypotheses else None
    return {
        "name": case.name,
        "part": case.part,
        "fault": bool(case.truth),
        "kept": sorted(kept),
        "whole": whole,
        "said": first and f"{first.category} at {first.service}",
        "attested_by": [source.value for source in said.attested_by or ()],
        "right": first is not None and first.service in case.truth and first.category in case.kinds,
        "looks": [round(x, _PLACES_OF_A_LOOK) for x in features(said.hypotheses)],
        "kindless": first is not None and first.category is Category.UNKNOWN,
        "kind": round(first.kind_at_most if first else 0.0, _PLACES_OF_A_LOOK),
        "place_looks": [round(x, _PLACES_OF_A_LOOK) for x in calibration.features(said.places)],
        "sight": round(said.places[0].sight if said.places else 1.0, _PLACES_OF_A_LOOK),
        "left": round(view.factor, _PLACES_OF_A_LOOK),
        "stated": round(said.confidence, _PLACES_OF_A_LOOK),
    }


def _table(figures: dict[str, Any]) -> Table:
    table = Table("sources", "rankings", "first right", "named right", "named wrong", "stated, on average")
    table.title = f"{figures['dataset']}: faults with so many of their sources"
    rows = [row for row in figures["rows"] if row["fault"]]
    for count in sorted({len(row["kept"]) for row in rows}):
        ours = [row for row in rows if len(row["kept"]) == count]
        named = [row["right"] for row in ours if row["stated"] >= NAME_A_CAUSE_FROM]
        stated = sum(row["stated"] for row in ours) / len(ours)
        right = sum(row["right"] for row in ours)
        table.add_row(
            str(count), str(len(ours)), str(right), str(sum(named)), str(len(named) - sum(named)), f"{stated:.2f}"
        )
    return table
