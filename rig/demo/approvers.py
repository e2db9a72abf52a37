"""The demo's person: decides the plan that waits, by one of the doors that people have."""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

from temporalio.client import Client, WorkflowHandle

from domain.approval import Request, Verdict
from domain.view import IncidentView
from rig.servers.slack import Posted
from workflows.contract import Summary
from workflows.incident import IncidentWorkflow

if TYPE_CHECKING:
    from rig.demo.stage import Stage

APPROVER = "demo-approver"
"""As the policies of the demo name the person."""
NOBODY = "nobody"
_SLACK_USER = "U0ANA"
_QUESTION_WITHIN_S = 60.0
_COMMENT = "decided in the demo"


@dataclass(frozen=True)
class Surroundings:
    """What a door may need to be found."""

    client: Client
    stage: "Stage"


class Approver(Protocol):
    """A person in front of one door."""

    async def decide(self, view: IncidentView, request: Request, verdict: Verdict) -> str:
        """Decide the plan that waits; what the person did and was answered, as a sentence for the screen.

        Raises what the door raises when it is shut: the demo fails then.
        """
        ...


class BySignal:
    """As somebody does in Temporal's own web UI: a signal, which is answered in the workflow's current details."""

    def __init__(self, around: Surroundings) -> None:
        self._client = around.client

    async def decide(self, view: IncidentView, request: Request, verdict: Verdict) -> str:
        """The answer is in the timeline."""
        payload = {"digest": request.digest[:8], "who": APPROVER, "comment": _COMMENT}
        await _handle(self._client, view).signal(verdict.value, payload)
        return f"sent the signal {verdict.value} for {request.digest[:8]} as {APPROVER}"


class ByUpdate:
    """As a program does that wants an answer."""

    def __init__(self, around: Surroundings) -> None:
        self._client = around.client

    async def decide(self, view: IncidentView, request: Request, verdict: Verdict) -> str:
        """The workflow's own answer; WorkflowUpdateFailedError when it refuses."""
        payload = {
            "digest": request.digest,
            "who": APPROVER,
            "comment": _COMMENT,
            "verdict": verdict.value,
        }
        answer = await _handle(self._client, view).execute_update(  # pyright: ignore[reportUnknownMemberType]
            IncidentWorkflow.decide, payload, id=f"{verdict}:{request.digest}:{APPROVER}"
        )
        return f"sent the update decide: {answer}"


class ByCommand:
    """As an engineer does in a terminal."""

    def __init__(self, around: Surroundings) -> None:
        assert around.stage.product is not None  # noqa: S101 - the performance begins when the stage is up
        self._product = around.stage.product

    async def decide(self, view: IncidentView, request: Request, verdict: Verdict) -> str:
        """What the command says; ProductFailedError when it refuses."""
        digest = request.digest[:8]
        command = [verdict.value, view.incident, "--digest", digest, "--yes", "--who", APPROVER]
        said = (await asyncio.to_thread(self._product.run, *command, "--comment", _COMMENT)).stdout.strip()
        return f"nightshift {' '.join(command)}: {said}"


class BySlack:
    """As somebody does who is woken by Slack: the button of the question, pressed in the local workspace."""

    def __init__(self, around: Surroundings) -> None:
        self._slack = around.stage.slack

    async def decide(self, view: IncidentView, request: Request, verdict: Verdict) -> str:
        """What the person is told at the button; TimeoutError when no question or no answer comes."""
        return await asyncio.to_thread(self._press, view.incident, request, verdict)

    def _press(self, incident: str, request: Request, verdict: Verdict) -> str:
        asked = self._slack.wait_for(
            lambda message: _asks(message, f"{incident}|{request.digest}|{verdict}"), _QUESTION_WITHIN_S
        )
        answered = len(self._slack.replies)
        self._slack.press(asked, verdict.value, _SLACK_USER)
        give_up = time.monotonic() + _QUESTION_WITHIN_S
        while time.monotonic() < give_up:
            if len(self._slack.replies) > answered:
                return f"pressed {verdict} in Slack: {self._slack.replies[-1]['text']}"
            time.sleep(0.1)
        raise TimeoutError(f"no answer to the button in {_QUESTION_WITHIN_S:g} s")


def _asks(message: Posted, value: str) -> bool:
    return any(button.get("value") == value for button in message.buttons.values())


Door = Callable[[Surroundings], Approver]
DOORS: Mapping[str, Door | None] = MappingProxyType(
    {
        "signal": BySignal,
        "update": ByUpdate,
        "cli": ByCommand,
        "slack": BySlack,
        NOBODY: None,
    }
)
"""By the name that `--approve-by` takes. None: nobody comes, and silence must escalate."""


def _handle(client: Client, view: IncidentView) -> WorkflowHandle[IncidentWorkflow, Summary]:
    return client.get_workflow_handle_for(IncidentWorkflow.run, view.key, run_id=view.workflow_run)
