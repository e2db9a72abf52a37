"""The demo's person: decides the plan that waits, by one of the doors that people have."""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

import httpx
from temporalio.client import Client, WorkflowHandle

from domain.approval import Request, Verdict
from domain.view import IncidentView
from rig.demo.browser import Browser, Page
from rig.demo.people import APPROVER, SLACK_USER
from rig.demo.product import ProductFailedError
from rig.servers.slack import Posted
from workflows.contract import Summary
from workflows.incident import IncidentWorkflow

if TYPE_CHECKING:
    from rig.demo.stage import Stage

NOBODY = "nobody"
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


class ByPage:
    """As somebody does who opens the link of a message: logs in, and presses the card's buttons, both steps of it."""

    def __init__(self, around: Surroundings) -> None:
        assert around.stage.product is not None  # noqa: S101 - the performance begins when the stage is up
        self._url = around.stage.product.url
        self._token = around.stage.people.token

    async def decide(self, view: IncidentView, request: Request, verdict: Verdict) -> str:
        """What the page answers; ProductFailedError when it refuses, NotOnThePage when it has no such button."""
        return await asyncio.to_thread(self._press, view.incident, request, verdict)

    def _press(self, incident: str, request: Request, verdict: Verdict) -> str:
        first, second = ("Approve", "Yes,") if verdict is Verdict.APPROVE else ("Reject", "Reject it")
        with Browser(self._url) as browser:
            login = browser.open(f"/login?to=/incidents/{incident}")
            _, page = browser.send(login, "Log in", name=APPROVER, token=self._token.get_secret_value())
            tapped, card = browser.follow(page, first)
            # As a person compares what stands in the message with what stands on the card.
            if request.digest not in (shown := card.form(second)[1].fields.values()):
                raise ProductFailedError(f"{card.url} shows another plan than {request.digest[:8]}: {list(shown)!r}")
            pressed, answer = browser.send(card, second, comment=_COMMENT)
            return f"pressed {tapped!r}, then {pressed!r} on the page: {_taken(answer)}"


def _taken(answer: Page) -> str:
    said = "; ".join(answer.alerts)
    if answer.status != httpx.codes.OK.value:
        raise ProductFailedError(f"{answer.url} answered {answer.status}: {said}")
    return said


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
        self._slack.press(asked, verdict.value, SLACK_USER)
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
        "page": ByPage,
        "slack": BySlack,
        NOBODY: None,
    }
)
"""By the name that `--approve-by` takes. None: nobody comes, and silence must escalate."""


def _handle(client: Client, view: IncidentView) -> WorkflowHandle[IncidentWorkflow, Summary]:
    return client.get_workflow_handle_for(IncidentWorkflow.run, view.key, run_id=view.workflow_run)
