"""Replaying one history: does the workflow of today still do what that run did?"""

import json
from pathlib import Path
from typing import Any

from temporalio.client import WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Replayer

from workflows.incident import IncidentWorkflow

Event = dict[str, Any]


def read_events(file: Path) -> list[Event]:
    """The events of a history that was recorded."""
    return json.loads(file.read_text(encoding="utf-8"))["events"]


async def replay(name: str, events: list[Event]) -> None:
    """Raises what the replay finds, NondeterminismError for another order of commands."""
    history = WorkflowHistory.from_json(f"incident-{name}", {"events": events})
    replayer = Replayer(workflows=[IncidentWorkflow], data_converter=pydantic_data_converter)
    await replayer.replay_workflow(history)
