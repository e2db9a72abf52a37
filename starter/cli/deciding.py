"""Commands by which a person decides: approve, reject, ack, take, resolve."""

import asyncio
from typing import Annotated, Literal

import typer
from temporalio.client import WorkflowUpdateFailedError
from temporalio.service import RPCError

from domain.approval import Request, Verdict
from domain.command import CommandName
from domain.view import IncidentView
from starter.away import NoAnswer, answered
from starter.cli.control import Who, claimed
from starter.cli.exits import Exit, Stop
from starter.cli.listing import Name
from starter.cli.output import Output, output_of
from starter.cli.session import Session, session
from starter.words import absolute, relative

Comment = Annotated[str, typer.Option(help="Recorded with it.")]
Digest = Annotated[str | None, typer.Option(help="The plan's digest, 8 characters or more, as every surface shows it.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask; needs --digest.")]
# A decision is worth a longer wait than a page.
_LIMIT_S = 15.0


def approve(
    context: typer.Context, incident: Name, digest: Digest = None, comment: Comment = "", who: Who = None,
    *, yes: Yes = False,
) -> None:  # fmt: skip
    """Approve the plan that waits, and let it run."""
    output = output_of(context)
    output.line(asyncio.run(decide(output, incident, Verdict.APPROVE, digest, comment, claimed(who), yes=yes)))


def reject(
    context: typer.Context, incident: Name, digest: Digest = None, comment: Comment = "", who: Who = None,
    *, yes: Yes = False,
) -> None:  # fmt: skip
    """Reject the plan that waits; people are called instead."""
    if not comment.strip():
        raise typer.BadParameter("a rejection says why", param_hint="--comment")
    output = output_of(context)
    output.line(asyncio.run(decide(output, incident, Verdict.REJECT, digest, comment, claimed(who), yes=yes)))


def ack(context: typer.Context, incident: Name, comment: Comment = "", who: Who = None) -> None:
    """Acknowledge: you look at it. Paging stops, automation goes on."""
    output_of(context).line(asyncio.run(_say(incident, CommandName.ACK, comment, claimed(who))))


def take(context: typer.Context, incident: Name, comment: Comment = "", who: Who = None) -> None:
    """Take over: hands off, the machine goes on observing and acts no more."""
    output_of(context).line(asyncio.run(_say(incident, CommandName.TAKE, comment, claimed(who))))


def resolve(context: typer.Context, incident: Name, comment: Comment = "", who: Who = None) -> None:
    """Say that it is fixed, and close the incident."""
    output_of(context).line(asyncio.run(_say(incident, CommandName.RESOLVE, comment, claimed(who))))


async def decide(
    output: Output, name: str, verdict: Verdict, digest: str | None, comment: str, who: str, *, yes: bool
) -> str:
    """The answer of the incident in words. Raises Stop with REFUSED when it says no, or when nothing waits."""
    async with session() as run:
        view = (await run.incident(name)).view
        request = _waiting(view, digest)
        _present(output, view, request, who)
        _confirm(output, verdict, digest, yes=yes)
        payload = {"digest": digest or request.digest, "who": who, "comment": comment, "verdict": verdict.value}
        # The same person's same decision, sent twice, is one decision.
        return await _update(run, view, "decide", payload, f"{verdict}:{payload['digest']}:{who}")


async def _say(name: str, command: CommandName, comment: str, who: str) -> str:
    async with session() as run:
        view = (await run.incident(name)).view
        return await _update(run, view, "person", {"command": command.value, "who": who, "comment": comment}, None)


def _waiting(view: IncidentView, digest: str | None) -> Request:
    """The plan that waits, if the digest fits it."""
    if view.waiting is None:
        state = f"{view.incident} is {view.state}"
        raise Stop(Exit.REFUSED, f"no plan is waiting for a decision ({state}); nothing was recorded")
    if digest is not None and not view.waiting.digest.startswith(digest):
        waiting = view.waiting.digest[:8]
        said = f"digest {digest[:8]} is not {waiting}, the plan that is waiting; nothing was recorded"
        raise Stop(Exit.REFUSED, f"{said}; look with `nightshift show {view.incident}`")
    return view.waiting


def _present(output: Output, view: IncidentView, request: Request, who: str) -> None:
    now = output.now()
    output.note(f"{view.incident}  {view.severity}  {view.title}")
    output.note(f"plan      {request.sentence}")
    output.note(f"risk      {request.risk}: {request.reason}")
    output.note(f"digest    {request.digest[:8]}")
    output.note(f"until     {absolute(request.deadline, now)} ({relative(request.deadline, now)})")
    output.note(f"as        {who} (claimed; this is recorded)")


def _confirm(output: Output, verdict: Verdict, digest: str | None, *, yes: bool) -> None:
    if yes and digest is not None:
        return
    if not output.interactive:
        raise typer.BadParameter("without a terminal, --digest and --yes are needed")
    if not typer.confirm(f"{verdict.value.capitalize()} this plan?", err=True):
        raise Stop(Exit.FAILED, "nothing was recorded")


async def _update(
    run: Session, view: IncidentView, name: Literal["decide", "person"], payload: dict[str, str], key: str | None
) -> str:
    """Send it and wait for the answer, which a refusal gives as well: in the incident's own words."""
    if view.state.closed:
        raise Stop(Exit.REFUSED, f"{view.incident} is closed; nothing was recorded")
    handle = run.temporal.get_workflow_handle(view.key, run_id=view.workflow_run)
    try:
        async with answered(_LIMIT_S):
            return await handle.execute_update(name, payload, id=key, result_type=str)  # pyright: ignore[reportUnknownMemberType]
    except NoAnswer as error:
        said = f"{error}. It may be recorded later: look with `nightshift show {view.incident}`"
        raise Stop(Exit.UNREACHABLE, f"{said}, and repeat it if it is not there") from error
    except WorkflowUpdateFailedError as error:
        raise Stop(Exit.REFUSED, str(error.cause)) from error
    except RPCError as error:  # NOT_FOUND: it has closed since we looked
        raise Stop(Exit.REFUSED, f"{view.incident} is closed; nothing was recorded") from error
