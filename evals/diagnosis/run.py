"""Runs the product's analysis over the cases of a data set, and asks the checkout which commit it is."""

import subprocess
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from evals.diagnosis.case import Case, Dataset, MissingDataError
from evals.diagnosis.investigate import diagnose
from evals.diagnosis.scoring import Answer


def chosen(dataset: Dataset, data: Path, only: str | None) -> tuple[str, ...]:
    """The parts to run: those named, or the tuning parts. Raises MissingDataError for one that is not there."""
    there = dataset.parts(data)
    wanted = tuple(part.strip() for part in only.split(",")) if only else dataset.tuning
    absent = [part for part in wanted if part not in there]
    if absent:
        raise MissingDataError(f"{data} has no part {', '.join(absent)} of {dataset.name}; it has {', '.join(there)}")
    return wanted


def answers(dataset: Dataset, data: Path, parts: Iterable[str]) -> Iterator[Answer]:
    """Every case of the parts with what the product says of it."""
    for part in parts:
        for case in dataset.cases(data, part):
            yield answered(case)


def answered(case: Case) -> Answer:
    """One case with what the product says of it."""
    began = time.process_time()
    found, diagnosis = diagnose(case)
    return Answer(case, found, diagnosis, time.process_time() - began)


def commit_of(data: Path) -> str | None:
    """The commit of the checkout; None where it is none, or where there is no git to ask."""
    try:
        asked = subprocess.run(
            ["git", "-C", str(data), "rev-parse", "HEAD"], capture_output=True, text=True, timeout=10, check=False
        )
    except FileNotFoundError:
        return None
    return asked.stdout.strip() or None
