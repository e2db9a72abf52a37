"""From what was said of each fault to the figures: pure."""

import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from domain.finding import Category

ENOUGH = 0.85
"""More than this share has to be right in service and kind."""


@dataclass(frozen=True)
class Named:
    """The cause that the incident named, with its confidence (0 to 1)."""

    service: str
    category: Category
    confidence: float


@dataclass(frozen=True)
class Result:
    """One fault and what came of it; times in seconds, money in US dollars.

    `seen_after_s`: from the fault to the incident, None: no incident in time. `first`: the best candidate, whether or
    not it was named; `named`: None where the product said that it does not know. `investigated_s`: from the first
    question to the first diagnosis, the model's opinion included, by the incident's own record. `looks`: how often the
    sources were asked until the diagnosis that counts, which came `told_after_s` after the fault. `candidates` and
    `evidence` are for who asks why.
    """

    kind: str
    services: frozenset[str]
    category: Category
    seen_after_s: float | None
    investigated_s: float | None = None
    looks: int = 0
    told_after_s: float | None = None
    first: Named | None = None
    named: Named | None = None
    place: str = ""
    incident: str = ""
    input_tokens: int = 0
    output_tokens: int = 0
    usd: float = 0.0
    candidates: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()


class Verdict(StrEnum):
    """What a result is counted as."""

    RIGHT = "right"
    WRONG = "wrong"
    ABSTAINED = "abstained"
    MISSED = "missed"


@dataclass(frozen=True)
class Score:
    """How many of `faults`. `service` and `kind` count what was named, each by itself; `both` is what is asked for."""

    faults: int
    service: int
    kind: int
    both: int
    abstained: int
    missed: int

    @property
    def share(self) -> float:
        """Right in both, of all: who says nothing, or has seen nothing, is not right."""
        return self.both / self.faults if self.faults else 0.0

    @property
    def enough(self) -> bool:
        return self.share > ENOUGH


def verdict(result: Result) -> Verdict:
    """Right only where both service and kind were named."""
    if result.seen_after_s is None:
        return Verdict.MISSED
    if result.named is None:
        return Verdict.ABSTAINED
    return Verdict.RIGHT if service_right(result) and kind_right(result) else Verdict.WRONG


def service_right(result: Result) -> bool:
    return result.named is not None and result.named.service in result.services


def kind_right(result: Result) -> bool:
    return result.named is not None and result.named.category is result.category


def score(results: Sequence[Result]) -> Score:
    verdicts = [verdict(r) for r in results]
    return Score(
        faults=len(results),
        service=sum(service_right(r) for r in results),
        kind=sum(kind_right(r) for r in results),
        both=verdicts.count(Verdict.RIGHT),
        abstained=verdicts.count(Verdict.ABSTAINED),
        missed=verdicts.count(Verdict.MISSED),
    )


def middle(results: Iterable[Result], of: Callable[[Result], float | None]) -> float | None:
    """The median of what was measured; None where nothing was."""
    found = _measured(results, of)
    return statistics.median(found) if found else None


def high(results: Iterable[Result], of: Callable[[Result], float | None]) -> float | None:
    """The 95th percentile by nearest rank, so that it is one of the values; None where nothing was measured."""
    found = sorted(_measured(results, of))
    return found[max(0, -(-95 * len(found) // 100) - 1)] if found else None


def _measured(results: Iterable[Result], of: Callable[[Result], float | None]) -> list[float]:
    return [value for r in results if (value := of(r)) is not None]
