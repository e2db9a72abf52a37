"""`nightshift merge` and `nightshift split`: what belongs together is for people to say."""

import asyncio
from typing import Annotated

import typer

from domain.command import CommandName
from domain.names import names_out
from starter.cli.control import Who
from starter.cli.deciding import way
from starter.cli.listing import Name
from starter.cli.output import Output, output_of

Why = Annotated[str, typer.Option("--reason", help="Why; it is recorded and told.")]


def merge(
    context: typer.Context,
    incident: Name,
    into: Annotated[str, typer.Option("--into", help="The incident that goes on with the alerts of both.")],
    reason: Why,
    who: Who = None,
) -> None:
    """Merge an incident into another one that is open: it ends, and the other goes on with its alerts."""
    output = output_of(context)
    output.line(asyncio.run(_merge(output, incident, into, reason, who)))


def split(
    context: typer.Context,
    incident: Name,
    service: Annotated[list[str], typer.Option("--service", help="A service that leaves with all its alerts.")],
    reason: Why,
    who: Who = None,
) -> None:
    """Split services off an incident: each goes on as an incident of its own, and no machine merges them again."""
    output = output_of(context)
    output.line(asyncio.run(_split(output, incident, service, reason, who)))


async def _merge(output: Output, name: str, into: str, why: str, who: str | None) -> str:
    async with way(who) as through:
        view, other = await through.view(name), await through.view(into)
        output.note(f"{view.incident}  {view.title}")
        output.note(f"into      {other.incident}  {other.title}")
        output.note(f"as        {through.person} ({through.standing})")
        return await through.tell(view, CommandName.MERGE, why, other.incident)


async def _split(output: Output, name: str, services: list[str], why: str, who: str | None) -> str:
    async with way(who) as through:
        view = await through.view(name)
        output.note(f"{view.incident}  {view.title}")
        output.note(f"as        {through.person} ({through.standing})")
        return await through.tell(view, CommandName.SPLIT, why, names_out(services))
