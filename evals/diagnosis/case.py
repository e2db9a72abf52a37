"""One case of a data set, in the words of the product: what was measured, and what the data set says was wrong."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from analysis.metric_evidence import Alerted
from analysis.shifts import Measured
from analysis.visits import Slice
from domain.finding import Category, Finding
from domain.question import Question


class MissingDataError(Exception):
    """What is needed is not in the folder; the text names it."""


@dataclass(frozen=True)
class Case:
    """`truth`: the services that the data set blames; empty: a normal window, in which nothing may be blamed.

    `group` is what scores are told apart by (cpu, latency ...). `kinds`: the product's words for the kind of the fault,
    any of which is right; empty: the data set does not tell, or the product has no word for it. `calm` and `present`
    are slices of traffic, where there are traces; `told` are findings that other analyses of the product gave already.
    `notes` go into the report as they are.
    """

    name: str
    part: str
    group: str
    question: Question
    truth: frozenset[str]
    measured: Sequence[Measured] = ()
    alerted: Alerted | None = None
    calm: Sequence[Slice] = ()
    present: Sequence[Slice] = ()
    told: Sequence[Finding] = ()
    kinds: frozenset[Category] = frozenset()
    notes: Mapping[str, str | list[str]] = field(default_factory=dict[str, str | list[str]])


class Dataset(Protocol):
    """A public data set."""

    name: str
    repository: str
    tuning: tuple[str, ...]
    """Parts on which the product may be tuned: the default of `--only`."""
    published: Mapping[str, object]
    timed: bool
    """Does somebody state when a fault began?"""

    def parts(self, data: Path) -> tuple[str, ...]:
        """The parts that are there. Raises MissingDataError where the folder is no checkout of the repository."""
        ...

    def cases(self, data: Path, part: str, late_s: float = 0.0) -> Iterator[Case]:
        """Its cases, normal windows among them, with every fault stated `late_s` seconds late (negative: early).

        Raises MissingDataError for a part that is not there.
        """
        ...
