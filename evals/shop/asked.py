"""What the ranking was asked about a fault, kept with the truth: rules can be tried on it without a shop."""

from collections.abc import Iterable
from pathlib import Path

from pydantic import ValidationError
from temporalio.api.common.v1 import Payload
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import Client

from activities.diagnosis import DiagnosisActivities
from domain.finding import Category
from domain.model import Model
from domain.question import RankQuestion
from evals.diagnosis.case import MissingDataError
from evals.shop.kinds import Kind

# Whoever points at a folder of his own may have other JSON there.
_ENDS_WITH = ".fault.json"
_RANK = DiagnosisActivities.rank.__name__


class Asked(Model):
    """One fault of the shop, with all that its last look found."""

    fault: str
    services: frozenset[str]
    category: Category
    question: RankQuestion


async def asked(client: Client, workflow_id: str, kind: Kind) -> Asked | None:
    """The last question of an incident, from its history in Temporal; None where none was ranked."""
    history = await client.get_workflow_handle(workflow_id).fetch_history()
    questions = _ranked(history.events)
    if not questions:
        return None
    (question,) = await client.data_converter.decode(questions, [RankQuestion])
    return Asked(fault=kind.name, services=kind.truth.services, category=kind.truth.category, question=question)


def _ranked(events: Iterable[HistoryEvent]) -> list[Payload]:
    scheduled = [e.activity_task_scheduled_event_attributes for e in events]
    ranked = [s.input.payloads for s in scheduled if s.activity_type.name == _RANK]
    return list(ranked[-1]) if ranked else []


def keep(folder: Path, number: int, one: Asked) -> None:
    """A file of its own, named by its place in the run."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{number:02}-{one.fault}{_ENDS_WITH}"
    file.write_text(one.model_dump_json(indent=1) + "\n", encoding="utf-8")


def files_kept(folder: Path) -> dict[str, list[Path]]:
    """Kind of fault -> the files of a folder and of those below it, by their names."""
    found: dict[str, list[Path]] = {}
    for file in sorted(folder.rglob(f"*{_ENDS_WITH}")):
        _, _, kind = file.name.removesuffix(_ENDS_WITH).partition("-")
        found.setdefault(kind, []).append(file)
    return found


def kept(folder: Path, kind: str) -> list[tuple[str, Asked]]:
    """All faults of that kind, by name. Raises MissingDataError for a file that cannot be read."""
    return [_read(file, folder) for file in files_kept(folder).get(kind, [])]


def _read(file: Path, folder: Path) -> tuple[str, Asked]:
    name = file.relative_to(folder).as_posix()
    try:
        return name.removesuffix(_ENDS_WITH), Asked.model_validate_json(file.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise MissingDataError(
            f"{name} is no fault that this version can read ({where}: {first['msg']}): keep it again, or move it away"
        ) from error
