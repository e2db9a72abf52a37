"""`nightshift watch`: an incident as it happens, redrawn on a terminal, one line per event elsewhere."""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from enum import StrEnum
from typing import Annotated

import typer
from rich.live import Live

from domain.approval import Verdict
from domain.incident import Outcome, State
from domain.timeline import Entry
from domain.view import IncidentView
from starter.cli import frames
from starter.cli.deciding import decide
from starter.cli.durations import duration
from starter.cli.exits import Exit, Stop
from starter.cli.keys import Keys
from starter.cli.listing import AsJson, Name
from starter.cli.output import Output, output_of
from starter.cli.session import Session, session
from starter.reading import NothingAnswers, Shown

_EVERY_S = 1.0
_HINT = "q quits, a approves what waits; the incident goes on without you"
_GOOD_ENDS = {Outcome.AUTO_RESOLVED, Outcome.RESOLVED_BY_HUMAN, Outcome.SELF_RESOLVED}
Line = Callable[[IncidentView, Entry], str]
Pause = Callable[[Shown], Awaitable[bool]]


class Until(StrEnum):
    """What `watch` waits for."""

    CLOSED = "closed"
    RESOLVED = "resolved"
    APPROVAL = "approval"

    def reached(self, view: IncidentView) -> bool:
        return view.state.closed or (self is Until.APPROVAL and view.state is State.WAITING_FOR_APPROVAL)

    def fulfilled(self, view: IncidentView) -> bool:
        match self:
            case Until.CLOSED:
                return view.state.closed
            case Until.RESOLVED:
                return view.outcome in _GOOD_ENDS
            case Until.APPROVAL:
                return view.state is State.WAITING_FOR_APPROVAL


def watch(
    context: typer.Context,
    incident: Name,
    until: Annotated[Until, typer.Option(help="What to wait for.")] = Until.CLOSED,
    timeout: Annotated[str | None, typer.Option(help="Give up after this long, such as 10m.")] = None,
    *,
    plain: Annotated[bool, typer.Option("--plain", help="One line per event, also on a terminal.")] = False,
    as_json: AsJson = False,
) -> None:
    """Watch an incident until it closes. On a terminal: q quits, a approves what waits."""
    output = output_of(context)
    limit_s = duration(timeout).total_seconds() if timeout else None
    try:
        if output.interactive and not plain and not as_json:
            last = asyncio.run(_draw(output, incident, until, limit_s))
        else:
            last = asyncio.run(_print(output, incident, until, limit_s, frames.as_json if as_json else frames.plain))
    except KeyboardInterrupt:
        raise Stop(Exit.INTERRUPTED, "stopped watching; the incident goes on") from None
    if last is not None and not until.fulfilled(last):
        raise Stop(Exit.OTHERWISE, f"{last.incident} ended as {last.outcome or last.state}, not as {until}")


async def _print(output: Output, name: str, until: Until, limit_s: float | None, line: Line) -> IncidentView | None:
    """Every event once, in order, as it comes. Returns the last view."""
    seen, last = 0, None
    async with session() as run:
        async for shown in _follow(output, run, name, until, limit_s, _sleep):
            last = shown.view
            for entry in last.timeline:
                if entry.seq > seen:
                    output.line(line(last, entry))
                    seen = entry.seq
    return last


async def _sleep(_shown: Shown) -> bool:
    await asyncio.sleep(_EVERY_S)
    return True


async def _draw(output: Output, name: str, until: Until, limit_s: float | None) -> IncidentView | None:
    """One frame that is redrawn; the last one stays. Returns the last view, None when a person quit."""
    async with session() as run:
        last: IncidentView | None = None
        # Drawn by us once a second: four times a second at most, and never while a question is asked.
        with Live(console=output.out, auto_refresh=False) as live, Keys() as keys:

            async def wait(shown: Shown) -> bool:
                return await _key(output, live, keys, shown)

            async for shown in _follow(output, run, name, until, limit_s, wait):
                last = shown.view
                live.update(frames.frame(last, output.now(), (*shown.banners, _HINT)), refresh=True)
    return last if last is not None and until.reached(last) else None


async def _key(output: Output, live: Live, keys: Keys, shown: Shown) -> bool:
    """Wait for the next frame or for a key; False: a person quits."""
    pressed = await keys.next(_EVERY_S)
    if pressed == "a" and shown.view.waiting is not None:
        live.stop()
        await _approve(output, shown.view, keys)
        live.start()
    return pressed != "q"


async def _approve(output: Output, view: IncidentView, keys: Keys) -> None:
    """Whoever types the first four characters of the digest has read it."""
    assert view.waiting is not None  # noqa: S101 - the caller has looked
    output.note(f"plan {view.waiting.digest[:8]}: {view.waiting.sentence}")
    output.note("type the first 4 characters of the digest to approve, anything else returns")
    typed = "".join([await keys.next(30.0) or " " for _ in range(4)])
    if typed != view.waiting.digest[:4]:
        output.note("nothing was recorded")
        return
    try:
        answer = await decide(output, view.incident, Verdict.APPROVE, view.waiting.digest, "", None, yes=True)
    except Stop as refused:
        answer = str(refused)
    output.note(answer)


async def _follow(
    output: Output, run: Session, name: str, until: Until, limit_s: float | None, wait: Pause
) -> AsyncGenerator[Shown]:
    """The incident again and again, until it is where it should be, or a person quits. Raises Stop at the limit."""
    deadline = None if limit_s is None else time.monotonic() + limit_s
    shown = await run.incident(name)
    while True:
        yield shown
        if until.reached(shown.view) or not await wait(shown):
            return
        if deadline is not None and time.monotonic() > deadline:
            raise Stop(Exit.TIMED_OUT, f"{shown.view.incident} is still {shown.view.state}")
        try:
            shown = await run.incident(name)
        except NothingAnswers as error:
            output.note(f"not live, trying again: {error}")
