"""From diagnoses to the figures of the benchmarks: pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from analysis.calibration import Coefficients, place_confidence
from domain.diagnosis import NAME_A_CAUSE_FROM, Diagnosis
from domain.finding import Category, Finding, Source
from evals.diagnosis.case import Case

_NOWHERE = 1000
BOUNDS = (0.0, 0.25, 0.5, 0.75, 0.9, 1.0)
"""Of the bins by stated confidence."""


@dataclass(frozen=True)
class Answer:
    """A case with what the product said; `seconds` of processor time for the analysis."""

    case: Case
    findings: Sequence[Finding]
    diagnosis: Diagnosis
    seconds: float

    @property
    def normal(self) -> bool:
        return not self.case.truth

    @property
    def rank(self) -> int:
        """Of the right service, from 1; far down where it is not among those that were found."""
        names = [place.service for place in self.diagnosis.places]
        return min((names.index(t) + 1 for t in self.case.truth if t in names), default=_NOWHERE)

    @property
    def category(self) -> Category | None:
        """The kind of the first cause; None where no place is named: then nothing is wrong, as far as one can see."""
        known = self.diagnosis.hypotheses and self.sure() >= NAME_A_CAUSE_FROM
        return self.diagnosis.hypotheses[0].category if known else None

    @property
    def kind_right(self) -> bool | None:
        """Is the first cause of the right kind, named or not? None where the data set does not tell."""
        if not self.case.kinds:
            return None
        return bool(self.diagnosis.hypotheses) and self.diagnosis.hypotheses[0].category in self.case.kinds

    @property
    def cited(self) -> frozenset[Source]:
        """Sources of the findings that speak for the first cause; of all findings where nothing is named."""
        if self.category is None:
            return frozenset(f.source for f in self.findings)
        supporting = self.diagnosis.hypotheses[0].supporting
        return frozenset(f.source for f in self.findings if f.id in supporting)

    def sure(self, by: Coefficients | None = None) -> float:
        """Confidence in the place, by the map in use or by another."""
        said = self.diagnosis.place_confidence if by is None else place_confidence(self.diagnosis.places, by)
        return 0.0 if said is None else said


@dataclass(frozen=True)
class Bin:
    """Answers whose stated confidence lies in [low, high): how sure on average, and how often right."""

    low: float
    high: float
    count: int
    stated: float
    right: float


def top(answers: Iterable[Answer], k: int) -> float | None:
    """The share of faults whose right service is among the first k; None where there is no fault."""
    ranks = [a.rank for a in answers if not a.normal]
    return _share(sum(rank <= k for rank in ranks), len(ranks))


def average5(answers: Sequence[Answer]) -> float | None:
    """Avg@5: the mean of AC@1 to AC@5."""
    tops = [t for k in range(1, 6) if (t := top(answers, k)) is not None]
    return sum(tops) / len(tops) if tops else None


def specificity(answers: Iterable[Answer], by: Coefficients | None = None) -> float | None:
    """The share of normal windows in which no place is named."""
    sure = [a.sure(by) for a in answers if a.normal]
    return _share(sum(s < NAME_A_CAUSE_FROM for s in sure), len(sure))


def brier(answers: Sequence[Answer], by: Coefficients | None = None) -> float | None:
    """Mean squared error of the stated confidence, normal windows included: there nothing is right."""
    errors = [(a.sure(by) - (a.rank == 1)) ** 2 for a in answers]
    return sum(errors) / len(errors) if errors else None


def named_right(answers: Sequence[Answer], by: Coefficients | None = None) -> float | None:
    """Of the places that are named, how many are right."""
    named = [a for a in answers if a.sure(by) >= NAME_A_CAUSE_FROM]
    return _share(sum(a.rank == 1 for a in named), len(named))


def named(answers: Sequence[Answer], by: Coefficients | None = None) -> float | None:
    """Of the faults, how many have a place named."""
    faults = [a for a in answers if not a.normal]
    return _share(sum(a.sure(by) >= NAME_A_CAUSE_FROM for a in faults), len(faults))


def kind_right(answers: Iterable[Answer]) -> float | None:
    """Of the faults whose place is right and whose kind the data set tells, in how many the kind is right too."""
    told = [a.kind_right for a in answers if a.rank == 1 and a.kind_right is not None]
    return _share(sum(told), len(told))


def reliability(answers: Sequence[Answer]) -> list[Bin]:
    """Stated confidence against hit rate."""
    return binned([(a.sure(), a.rank == 1) for a in answers])


def binned(said: Sequence[tuple[float, bool]], bounds: Sequence[float] = BOUNDS) -> list[Bin]:
    """(Stated, right) by what was stated; the last bin holds its upper bound, bins that hold nothing are left out."""
    table: list[Bin] = []
    for low, high in pairwise(bounds):
        inside = [(p, right) for p, right in said if low <= p < high or p == high == bounds[-1]]
        if inside:
            count = len(inside)
            table.append(Bin(low, high, count, sum(p for p, _ in inside) / count, sum(r for _, r in inside) / count))
    return table


def calibration_error(said: Sequence[tuple[float, bool]]) -> float:
    """The expected calibration error: |stated - right| of each bin, by the share of the cases that it holds.

    Naeini, Cooper and Hauskrecht 2015. 0 where nothing was said.
    """
    return sum(abs(b.stated - b.right) * b.count for b in binned(said)) / max(1, len(said))


def left_out(answers: Sequence[Answer], maps: Mapping[str, Coefficients]) -> dict[str, dict[str, float | None]]:
    """For each part what it scores by the map that never saw it; parts without such a map were never seen at all."""
    parts = dict.fromkeys(a.case.part for a in answers)
    found: dict[str, dict[str, float | None]] = {}
    for part in parts:
        ours, by = [a for a in answers if a.case.part == part], maps.get(part)
        found[part] = {
            "top1": top(ours, 1), "named": named(ours, by), "named_right": named_right(ours, by),
            "specificity": specificity(ours, by), "brier": brier(ours, by),
        }  # fmt: skip
    return found


def share_of(answers: Sequence[Answer], holds: Callable[[Answer], bool]) -> float | None:
    """The share of the cases for which it holds."""
    return _share(sum(holds(a) for a in answers), len(answers))


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
