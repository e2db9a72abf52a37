"""What the ranking was asked about a fault, kept with the truth: rules can be tried on it without a shop."""

from collections.abc import Iterable
from pathlib import Path

from temporalio.api.common.v1 import Payload
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import Client

from activities.diagnosis import DiagnosisActivities
from domain.finding import Category
from domain.model import Model
from domain.question import RankQuestion
from evals.shop.kinds import Kind

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
    file = folder / f"{number:02}-{one.fault}.json"
    file.write_text(one.model_dump_json(indent=1) + "\n", encoding="utf-8")


def kept(folder: Path) -> list[tuple[str, Asked]]:
    """All of a folder and of those below it, by name. Raises ValidationError for a file that is none of ours."""
    files = sorted(folder.rglob("*.json"))
    return [(_named(file, folder), Asked.model_validate_json(file.read_bytes())) for file in files]


def _named(file: Path, folder: Path) -> str:
    return file.relative_to(folder).with_suffix("").as_posix()
