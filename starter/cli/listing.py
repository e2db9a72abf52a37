"""Commands that read: incidents, show, audit, postmortem, similar."""

import asyncio
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from domain.audit import AuditRow
from domain.invisible import without_invisible
from domain.listing import Filter
from domain.memory import Similar
from domain.view import IncidentView
from starter import words
from starter.cli.evidence import evidence
from starter.cli.exits import Exit, Stop
from starter.cli.filtering import filter_of
from starter.cli.frames import events, frame
from starter.cli.output import output_of
from starter.cli.session import session
from starter.reading import Listed

Name = Annotated[str, typer.Argument(metavar="ID", help="An incident's id, such as INC-20260131-7F3K2A.")]
AsJson = Annotated[bool, typer.Option("--json", help="JSON on stdout, whole and for scripts.")]
# What is left of 100 columns.
_TITLE_WIDTH = 26
Limit = Annotated[int, typer.Option(min=1, max=1000, help="At most this many.")]


def incidents(
    context: typer.Context,
    limit: Limit = 20,
    *,
    state: Annotated[list[str] | None, typer.Option(help="Only in this state; may be repeated.")] = None,
    severity: Annotated[list[str] | None, typer.Option(help="Only this severity; may be repeated.")] = None,
    needs: Annotated[list[str] | None, typer.Option(help="approval, ack or none; may be repeated.")] = None,
    outcome: Annotated[list[str] | None, typer.Option(help="Only with this outcome; may be repeated.")] = None,
    cause: Annotated[list[str] | None, typer.Option(help="Only this category of cause; may be repeated.")] = None,
    service: Annotated[str, typer.Option(help="Only incidents that concern this service.")] = "",
    since: Annotated[str, typer.Option(help="Opened since: a day, a moment, or an age such as 24h.")] = "",
    until: Annotated[str, typer.Option(help="Opened before: likewise.")] = "",
    text: Annotated[str, typer.Option(help="Only where id, title, service or cause contain this.")] = "",
    only_open: Annotated[bool, typer.Option("--open", help="Leave out what is closed.")] = False,
    at_risk: Annotated[bool, typer.Option("--at-risk", help="Only where the target is at risk or missed.")] = False,
    as_json: AsJson = False,
) -> None:
    """List incidents: those that need a person first."""
    output = output_of(context)
    given = {"state": state, "severity": severity, "needs": needs, "outcome": outcome, "cause": cause}
    try:
        by = filter_of(given, service, since, until, text, output.now(), only_open=only_open, at_risk=at_risk)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    listed = asyncio.run(_many(by, limit))
    for banner in listed.banners:
        output.note(banner)
    if as_json:
        rows = [view.model_dump(mode="json") | {"needs": view.needs} for view in listed.views]
        output.line(json.dumps({"incidents": rows, "counts": listed.counts.model_dump(mode="json")}))
    elif listed.views:
        output.table(_table(listed.views, output.now(), wide=output.wide))
    else:
        output.note("no incident fits" if not by.everything and by != Filter(open_only=True) else _none(by))
    if listed.after is not None and not as_json:
        output.note(f"the first {limit} are shown; --limit shows more")


def _none(by: Filter) -> str:
    return "no open incidents" if by.open_only else "no incidents"


async def _many(by: Filter, limit: int) -> Listed:
    async with session() as run:
        return await run.reader.many(by, limit=limit)


def _table(views: Sequence[IncidentView], now: datetime, *, wide: bool) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("severity", no_wrap=True)
    table.add_column("state", max_width=17, overflow="fold")
    table.add_column("incident", no_wrap=True)
    table.add_column("what", no_wrap=True, overflow="ellipsis", max_width=None if wide else _TITLE_WIDTH)
    table.add_column("needs", no_wrap=True)
    table.add_column("opened", justify="right", no_wrap=True)
    for view in views:
        table.add_row(
            f"{words.MARKS[view.severity]} {view.severity}", words.state_words(view), view.incident,
            _text(view.title), "" if view.needs == "none" else view.needs, words.relative(view.opened_at, now),
        )  # fmt: skip
    return table


def show(
    context: typer.Context,
    incident: Name,
    *,
    as_json: AsJson = False,
) -> None:
    """Show one incident: the six questions, the evidence, then what happened."""
    output = output_of(context)
    shown = asyncio.run(_one(incident))
    if as_json:
        output.line(json.dumps(shown[0].model_dump(mode="json") | {"needs": shown[0].needs, "warnings": shown[1]}))
    else:
        view, now = shown[0], output.now()
        output.out.print(frame(view, now, shown[1], last=0))
        for part in evidence(view, now):
            output.table(part)
        output.out.print(events(view, now, last=len(view.timeline)))


async def _one(name: str) -> tuple[IncidentView, Sequence[str]]:
    async with session() as run:
        shown = await run.incident(name)
    return shown.view, shown.banners


def audit(context: typer.Context, incident: Name, *, as_json: AsJson = False) -> None:
    """Show who did what to an incident, by which door, and what it changed."""
    output = output_of(context)
    rows = asyncio.run(_audit(incident))
    if as_json:
        output.line(json.dumps({"audit": [row.model_dump(mode="json") for row in rows]}))
    elif rows:
        output.table(_audit_table(rows, output.now()))
    else:
        output.note("nothing was changed, and nobody decided anything")


async def _audit(name: str) -> Sequence[AuditRow]:
    async with session() as run:
        view = (await run.incident(name)).view
        return await asyncio.to_thread(run.store.audit.rows, view.incident)


def _audit_table(rows: Sequence[AuditRow], now: datetime) -> Table:
    table = _plain_table("when", "who", "door", "action", "target", "result")
    table.add_column("affected", justify="right")
    for row in rows:
        table.add_row(
            _iso(row.at, now), _text(row.actor), _text(row.door), _text(row.action),
            _text(row.target), _text(row.result), "" if row.affected is None else str(row.affected),
        )  # fmt: skip
    return table


def _iso(at: datetime, now: datetime) -> str:
    """In ISO 8601, in the zone of `now`."""
    return at.astimezone(now.tzinfo).isoformat(timespec="seconds").replace("+00:00", "Z")


def postmortem(
    context: typer.Context,
    incident: Name,
    *,
    as_json: AsJson = False,
) -> None:
    """Print an incident's postmortem: rendered on a terminal, Markdown elsewhere."""
    output = output_of(context)
    text, facts = asyncio.run(_postmortem(incident))
    if as_json:
        output.line(json.dumps({"markdown": text, "facts": facts}))
    elif output.out.is_terminal:
        from rich.markdown import Markdown  # noqa: PLC0415 - slow to import, and for terminals only

        output.out.print(Markdown(without_invisible(text), hyperlinks=False))
    else:
        output.line(text.rstrip("\n"))


async def _postmortem(name: str) -> tuple[str, dict[str, object]]:
    async with session() as run:
        view = (await run.incident(name)).view
        found = await asyncio.to_thread(run.store.postmortems.get, view.incident)
    if found is None:
        said = f"there is no postmortem of {view.incident} yet: it is written when an incident escalates or closes"
        raise Stop(Exit.NOT_FOUND, said)
    return found


def similar(
    context: typer.Context,
    text: Annotated[str, typer.Argument(help="What is seen, in words: symptoms, errors, services.")],
    limit: Limit = 5,
    *,
    as_json: AsJson = False,
) -> None:
    """Find past incidents that looked like this."""
    output = output_of(context)
    found = asyncio.run(_similar(text, limit))
    if as_json:
        output.line(json.dumps({"similar": [one.model_dump(mode="json") for one in found]}))
    elif found:
        output.table(_similar_table(found))
    else:
        output.note("nothing like this is remembered")


async def _similar(text: str, limit: int) -> Sequence[Similar]:
    async with session() as run:
        return await asyncio.to_thread(run.store.memory.similar, text, limit)


def _similar_table(found: Sequence[Similar]) -> Table:
    table = _plain_table("incident", "cause", "what was done", "why alike")
    table.add_column("score", justify="right")
    for one in found:
        past = one.remembered
        done = ", ".join(f"{action} {'held' if held else 'did not hold'}" for action, held in past.actions)
        table.add_row(past.incident, _text(past.cause), done or past.outcome, _text(one.why), f"{one.score:.2f}")
    return table


def _plain_table(*names: str) -> Table:
    """Without a box; words fold, so that nothing is hidden."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in names:
        table.add_column(name, no_wrap=name in {"incident", "when", "action"}, overflow="fold")
    return table


def _text(text: str) -> Text:
    return Text(without_invisible(" ".join(text.split())))
