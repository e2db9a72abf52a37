"""Our own shop: what `nightshift eval shop --cases FOLDER` kept of each fault, with the findings of that moment."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from evals.diagnosis.case import Case, MissingDataError
from evals.shop.asked import Asked, files_kept, kept
from evals.shop.kinds import KINDS


class OurShop:
    """A part is a kind of fault. All of it may be tuned on: what judges is the next run of the shop."""

    name = "shop"
    repository = "what `nightshift eval shop --cases` keeps"
    published: Mapping[str, object] = {}
    timed = False
    tuning: tuple[str, ...] = tuple(sorted(KINDS))

    def parts(self, data: Path) -> tuple[str, ...]:
        """The kinds of which there is a fault. Raises MissingDataError where there is none."""
        found = tuple(sorted(files_kept(data)))
        if not found:
            raise MissingDataError(f"{data} holds no fault: it should be {self.repository}")
        return found

    def cases(self, data: Path, part: str, late_s: float = 0.0) -> Iterator[Case]:
        """All faults of that kind. The moment is the incident's own: nobody states it, so it cannot be late."""
        assert not late_s  # noqa: S101 - `timed` says so
        for name, one in kept(data, part):
            yield _case(name, one)


def _case(name: str, one: Asked) -> Case:
    return Case(
        name, one.fault, one.fault, one.question.question, one.services, told=one.question.findings,
        kinds=frozenset({one.category}),
    )  # fmt: skip
