"""Commands by which a person decides: approve, reject, change, ack, take, snooze, resolve, false-positive, note."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Annotated, Any, Protocol

import typer

from domain.approval import Request, Verdict
from domain.change import Change
from domain.command import CommandName
from domain.lengths import length_text
from domain.view import IncidentView
from starter.cli.control import Who, claimed
from starter.cli.durations import duration
from starter.cli.exits import Exit, Stop
from starter.cli.listing import Name
from starter.cli.login import stored
from starter.cli.output import Output, output_of
from starter.cli.remote import Remote
from starter.cli.session import Session, session
from starter.identity.sending import Became, TemporalEar, Update, decision_key
from starter.words import absolute, relative

Comment = Annotated[str, typer.Option(help="Recorded with it.")]
Digest = Annotated[str | None, typer.Option(help="The plan's digest, 8 characters or more, as every surface shows it.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask; needs --digest.")]
IdleAge = Annotated[float | None, typer.Option(help="Only sessions that have been idle for so many seconds.")]
Cap = Annotated[int | None, typer.Option(help="At most so many sessions.")]
Revision = Annotated[int | None, typer.Option(help="Back to this revision.")]
Wait = Annotated[int | None, typer.Option("--wait", help="Minutes; then the machine looks again.")]


def approve(
    context: typer.Context, incident: Name, digest: Digest = None, comment: Comment = "", who: Who = None,
    *, yes: Yes = False,
) -> None:  # fmt: skip
    """Approve the plan that waits, and let it run."""
    output = output_of(context)
    output.line(asyncio.run(decide(output, incident, Verdict.APPROVE, digest, comment, who, yes=yes)))


def reject(
    context: typer.Context, incident: Name, digest: Digest = None, comment: Comment = "", who: Who = None,
    *, yes: Yes = False,
) -> None:  # fmt: skip
    """Reject the plan that waits; people are called instead."""
    _says_why(comment, "a rejection says why")
    output = output_of(context)
    output.line(asyncio.run(decide(output, incident, Verdict.REJECT, digest, comment, who, yes=yes)))


def change(
    context: typer.Context, incident: Name, digest: Digest = None, comment: Comment = "", who: Who = None, *,
    idle_age: IdleAge = None, cap: Cap = None, revision: Revision = None, wait: Wait = None, yes: Yes = False,
) -> None:  # fmt: skip
    """Ask for another plan instead of the one that waits, within its bounds. It is asked about anew."""
    wanted = Change(idle_age_s=idle_age, cap=cap, revision=revision, wait_min=wait)
    if not wanted.values:
        raise typer.BadParameter("say what is wanted: --idle-age, --cap, --revision or --wait")
    _says_why(comment, "a change says why")
    output = output_of(context)
    output.line(asyncio.run(decide(output, incident, Verdict.CHANGE, digest, comment, who, wanted, yes=yes)))


def ack(context: typer.Context, incident: Name, comment: Comment = "", who: Who = None) -> None:
    """Acknowledge: you look at it. Paging stops, automation goes on."""
    output_of(context).line(asyncio.run(_say(output_of(context), incident, CommandName.ACK, comment, who)))


def take(context: typer.Context, incident: Name, comment: Comment = "", who: Who = None) -> None:
    """Take over: hands off, the machine goes on observing and acts no more."""
    output_of(context).line(asyncio.run(_say(output_of(context), incident, CommandName.TAKE, comment, who)))


def snooze(
    context: typer.Context,
    incident: Name,
    lasting: Annotated[str, typer.Option("--for", help="For how long, such as 30m; the policy has the longest.")],
    comment: Comment = "",
    who: Who = None,
) -> None:
    """Quiet for a while: acknowledges, and reminds you at the end. A missed target and a raise break through."""
    length = length_text(duration(lasting))
    output = output_of(context)
    output.line(asyncio.run(_say(output, incident, CommandName.SNOOZE, comment, who, length)))


def resolve(context: typer.Context, incident: Name, comment: Comment = "", who: Who = None) -> None:
    """Say that it is fixed, and close the incident."""
    output_of(context).line(asyncio.run(_say(output_of(context), incident, CommandName.RESOLVE, comment, who)))


def false_positive(context: typer.Context, incident: Name, comment: Comment = "", who: Who = None) -> None:
    """Say that nothing was wrong, and close the incident."""
    output_of(context).line(asyncio.run(_say(output_of(context), incident, CommandName.FALSE_POSITIVE, comment, who)))


def note(
    context: typer.Context, incident: Name, text: Annotated[str, typer.Argument(help="What is noted.")], who: Who = None
) -> None:
    """Add a note to the incident's timeline. It changes nothing."""
    output_of(context).line(asyncio.run(_say(output_of(context), incident, CommandName.NOTE, text, who)))


class Way(Protocol):
    """How a word gets to an incident: as whom, with which proof."""

    @property
    def person(self) -> str: ...

    @property
    def standing(self) -> str:
        """What the name is worth, in words."""
        ...

    async def view(self, name: str) -> IncidentView: ...

    async def decide(
        self, view: IncidentView, digest: str, verdict: Verdict, comment: str, wanted: Change | None
    ) -> str: ...

    async def tell(self, view: IncidentView, command: CommandName, comment: str, own: str) -> str:
        """`own`: what only this command says, such as for how long a snooze is."""
        ...


class Proven:
    """Through a starter, with the token of `nightshift login`."""

    standing = "proven by your login; this is recorded"

    def __init__(self, remote: Remote) -> None:
        self._remote = remote
        self.person = remote.name

    async def view(self, name: str) -> IncidentView:
        return await self._remote.view(name)

    async def decide(
        self, view: IncidentView, digest: str, verdict: Verdict, comment: str, wanted: Change | None
    ) -> str:
        content: dict[str, Any] = {"digest": digest, "verdict": verdict.value, "comment": comment}
        if wanted is not None:
            content["change"] = wanted.values
        return await self._remote.say(view.incident, "decision", content)

    async def tell(self, view: IncidentView, command: CommandName, comment: str, own: str) -> str:
        said = command.said(self.person, comment, own) | {"command": command.value}
        del said["who"]  # the token says who it is
        return await self._remote.say(view.incident, "command", said)


class Claimed:
    """Straight to Temporal: whoever reaches it may say any name."""

    standing = "claimed, since you are not logged in; this is recorded"

    def __init__(self, run: Session, person: str) -> None:
        self._run = run
        self.person = person

    async def view(self, name: str) -> IncidentView:
        return (await self._run.incident(name)).view

    async def decide(
        self, view: IncidentView, digest: str, verdict: Verdict, comment: str, wanted: Change | None
    ) -> str:
        asked = {name: f"{value:g}" for name, value in wanted.values.items()} if wanted is not None else {}
        said = {"digest": digest, "verdict": verdict.value, "who": self.person, "comment": comment, "door": "cli"}
        # The same person's same decision, sent twice, is one decision.
        return await self._send(view, "decide", said | asked, decision_key(said | asked, view))

    async def tell(self, view: IncidentView, command: CommandName, comment: str, own: str) -> str:
        said = command.said(self.person, comment, own) | {"command": command.value, "door": "cli"}
        return await self._send(view, "person", said, None)

    async def _send(self, view: IncidentView, update: Update, payload: dict[str, str], key: str | None) -> str:
        reply = await TemporalEar(self._run.temporal).tell(view, update, payload, key)
        if reply.became is Became.ACCEPTED:
            return reply.text
        code = _CODES[reply.became]
        look = f"; look with `nightshift show {view.incident}`" if reply.became is Became.UNANSWERED else ""
        raise Stop(code, f"{reply.text}{look}")


_CODES = {Became.REFUSED: Exit.REFUSED, Became.UNHEARD: Exit.UNREACHABLE, Became.UNANSWERED: Exit.TIMED_OUT}


@asynccontextmanager
async def way(who: str | None) -> AsyncGenerator[Way]:
    """Proven where there is a login; a name that is given is a claim, whoever is logged in."""
    login = stored() if who is None else None
    if login is not None:
        yield Proven(Remote(login))
        return
    async with session() as run:
        yield Claimed(run, claimed(who))


async def decide(
    output: Output, name: str, verdict: Verdict, digest: str | None, comment: str, who: str | None,
    wanted: Change | None = None, *, yes: bool,
) -> str:  # fmt: skip
    """The answer of the incident in words. Raises Stop with REFUSED when it says no, or when nothing waits."""
    async with way(who) as through:
        view = await through.view(name)
        request = _waiting(view, digest)
        _present(output, view, request, through, wanted)
        _confirm(output, verdict, digest, yes=yes)
        return await through.decide(view, digest or request.digest, verdict, comment, wanted)


async def _say(output: Output, name: str, command: CommandName, comment: str, who: str | None, own: str = "") -> str:
    async with way(who) as through:
        view = await through.view(name)
        output.note(f"as        {through.person} ({through.standing})")
        return await through.tell(view, command, comment, own)


def _says_why(comment: str, words: str) -> None:
    if not comment.strip():
        raise typer.BadParameter(words, param_hint="--comment")


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


def _present(output: Output, view: IncidentView, request: Request, through: Way, wanted: Change | None) -> None:
    now = output.now()
    output.note(f"{view.incident}  {view.severity}  {view.title}")
    output.note(f"plan      {request.sentence}")
    if wanted is not None:
        output.note(f"instead   {wanted.words}")
    output.note(f"risk      {request.risk}: {request.reason}")
    output.note(f"digest    {request.digest[:8]}")
    output.note(f"until     {absolute(request.deadline, now)} ({relative(request.deadline, now)})")
    output.note(f"as        {through.person} ({through.standing})")


def _confirm(output: Output, verdict: Verdict, digest: str | None, *, yes: bool) -> None:
    if yes and digest is not None:
        return
    if not output.interactive:
        raise typer.BadParameter("without a terminal, --digest and --yes are needed")
    if not typer.confirm(f"{verdict.value.capitalize()} this plan?", err=True):
        raise Stop(Exit.FAILED, "nothing was recorded")
