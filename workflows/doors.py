"""The doors of an incident: what others say to it, by signals and updates, and what they may see of it."""

from collections.abc import Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from temporalio import workflow
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    from domain.approval import Door, Verdict, read_answer
    from domain.command import OWN_FIELDS, SEALED, CommandName, read_payload
    from domain.unopened import why_unopened
    from domain.view import IncidentView
    from workflows.approval import Approvals
    from workflows.contract import UNPROVEN, Report, Synchronise
    from workflows.people import People
    from workflows.record import Record
    from workflows.regrouping import takes_in

M = TypeVar("M", bound=BaseModel)


class Doors:
    """What a workflow of an incident listens to.

    Handlers take any number of arguments: people send anything from the web UI, or nothing, and an argument too many or
    too few would fail the workflow's task for ever, with all its timers.
    """

    _record: Record
    _approvals: Approvals
    _people: People

    @workflow.signal(description="alerts of another system, firing or resolved")
    async def report(self, *data: Any) -> None:  # noqa: ANN401 - untrusted
        """Alerts join at any moment of the incident's life."""
        read = _read(Report, _only(data))
        if isinstance(read, str):
            self._people.unreadable("report", read)
        else:
            await takes_in(self._record, read)

    @workflow.signal(description="what a person did to it in another system, such as PagerDuty")
    def synchronise(self, *data: Any) -> None:  # noqa: ANN401 - untrusted
        """Acknowledged or resolved elsewhere is so here too."""
        read = _read(Synchronise, _only(data))
        if isinstance(read, str):
            self._people.unreadable("synchronise", read)
        else:
            self._people.synchronised(read)

    @workflow.signal(description='approve the waiting plan: {"digest": "...", "who": "..."}')
    def approve(self, *data: Any) -> None:  # noqa: ANN401 - untrusted
        """Answered in the current details, whatever came in."""
        self._decide(_only(data), Verdict.APPROVE)

    @workflow.signal(description='reject the waiting plan: {"digest": "...", "who": "...", "comment": "..."}')
    def reject(self, *data: Any) -> None:  # noqa: ANN401 - untrusted
        """Answered in the current details, whatever came in."""
        self._decide(_only(data), Verdict.REJECT)

    @workflow.signal(description='ask for another plan, within bounds: {"digest": "...", "who": "...", "cap": 10}')
    def change(self, *data: Any) -> None:  # noqa: ANN401 - untrusted
        """Answered in the current details, whatever came in."""
        self._decide(_only(data), Verdict.CHANGE)

    @workflow.signal(description='somebody is looking: {"who": "..."}')
    def ack(self, *data: Any) -> None:  # noqa: ANN401 - untrusted
        """Paging stops; automation goes on."""
        self._people.told(_only(data), CommandName.ACK, Door.SIGNAL)

    @workflow.signal(description='hands off, a person takes over: {"who": "..."}')
    def take(self, *data: Any) -> None:  # noqa: ANN401 - untrusted
        """The machine goes on observing and keeping time, and acts no more."""
        self._people.told(_only(data), CommandName.TAKE, Door.SIGNAL)

    @workflow.signal(description='quiet for a while: {"who": "...", "for": "30m"}')
    def snooze(self, *data: Any) -> None:  # noqa: ANN401 - untrusted
        """No reminders until then; a missed target and a higher severity break through."""
        self._people.told(_only(data), CommandName.SNOOZE, Door.SIGNAL)

    @workflow.signal(description='it is fixed: {"who": "..."}')
    def resolve(self, *data: Any) -> None:  # noqa: ANN401 - untrusted
        """A person says that it is over."""
        self._people.told(_only(data), CommandName.RESOLVE, Door.SIGNAL)

    @workflow.signal(description='nothing was wrong: {"who": "..."}')
    def false_positive(self, *data: Any) -> None:  # noqa: ANN401 - untrusted
        """A person says that it never was one."""
        self._people.told(_only(data), CommandName.FALSE_POSITIVE, Door.SIGNAL)

    @workflow.signal(description='a note for the timeline: {"who": "...", "comment": "..."}')
    def note(self, *data: Any) -> None:  # noqa: ANN401 - untrusted
        """It stands in the timeline and changes nothing."""
        self._people.told(_only(data), CommandName.NOTE, Door.SIGNAL)

    @workflow.signal(dynamic=True)
    def misnamed(self, name: str, _args: Sequence[RawValue]) -> None:
        """A name that nobody listens to is answered too."""
        self._people.unknown(name)

    @workflow.update(description="approve, reject or change the waiting plan, with an answer")
    async def decide(self, *data: Any) -> str:  # noqa: ANN401 - untrusted
        """The answer in words; a refusal fails the update with the same words, and is recorded."""
        answer = await self._approvals.hear(read_answer(_only(data), Door.UPDATE))
        if not answer.accepted:
            kind = UNPROVEN if answer.unproven else "DecisionRefused"
            raise ApplicationError(answer.reason, type=kind, non_retryable=True)
        return answer.reason

    @decide.validator
    def _decision_can_be_read(self, *data: Any) -> None:  # noqa: ANN401 - untrusted
        understood = read_answer(_only(data), Door.UPDATE)
        if isinstance(understood, str):
            raise ApplicationError(f"refused: {understood}", type="DecisionUnreadable", non_retryable=True)

    @workflow.update(description='a person\'s word, with an answer: {"command": "ack", "who": "..."}')
    async def person(self, *data: Any) -> str:  # noqa: ANN401 - untrusted
        """Acknowledge, take over, snooze, resolve, mark as a false positive, merge, or split."""
        named, fields = _command(_only(data))
        answer = await self._people.heard(fields, named)
        if not answer.startswith("accepted"):
            raise ApplicationError(answer, type="CommandRefused", non_retryable=True)
        return answer

    @person.validator
    def _command_can_be_read(self, *data: Any) -> None:  # noqa: ANN401 - untrusted
        _command(_only(data))

    @workflow.query(description="everything that people may see of the incident")
    def view(self) -> IncidentView:
        """The same facts that every surface shows."""
        return self._record.view()

    def _decide(self, raw: Any, verdict: Verdict) -> None:  # noqa: ANN401 - untrusted
        self._approvals.take(self._approvals.read(raw, verdict, Door.SIGNAL), Door.SIGNAL)


def _read(model: type[M], raw: Any) -> M | str:  # noqa: ANN401 - untrusted
    """A machine's data as a model, or what is wrong with it."""
    unopened = why_unopened(raw)
    if unopened is not None:
        return unopened
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "data"
        return f"{where}: {first['msg']}"[:200]


def _only(data: tuple[Any, ...]) -> Any:  # noqa: ANN401 - untrusted
    """The one payload; none is None, several are a list, which every reader refuses with words."""
    return data[0] if len(data) == 1 else list(data) or None


def _command(raw: Any) -> tuple[CommandName, dict[str, str]]:  # noqa: ANN401 - untrusted
    """The command's name, and the rest of its data. Raises ApplicationError with the words for who sent it."""
    fields = read_payload(raw, ("command", "who", "comment"), (*SEALED, *OWN_FIELDS))
    if isinstance(fields, str):
        raise ApplicationError(f"refused: {fields}", type="CommandUnreadable", non_retryable=True)
    named = fields.pop("command")
    if named not in list(CommandName):
        said = f"refused: command is {named[:40]!r}, not one of {', '.join(CommandName)}"
        raise ApplicationError(said, type="CommandUnreadable", non_retryable=True)
    # What only one command has is no word of the others.
    return CommandName(named), {field: text for field, text in fields.items() if field not in OWN_FIELDS or text}
