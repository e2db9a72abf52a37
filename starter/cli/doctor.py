"""`nightshift doctor`: one row per thing, what its absence costs, and what mends it."""

import asyncio
import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import groupby
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from config.policy import load_policy
from config.services import load_services
from config.settings import Settings, load_settings
from config.temporal import connect
from starter.cli.exits import Exit
from starter.cli.listing import AsJson
from starter.cli.output import Output, output_of
from starter.doctor import channels, databases, kubernetes, model, policy, sources, store, temporal, trial
from starter.doctor.check import Row, Status, run_all
from starter.doctor.imports import import_what_checks_need
from starter.saved_views import VIEWS
from starter.untrusted import without_invisible

_STYLES = {Status.OK: "green", Status.WARN: "yellow", Status.FAIL: "bold red", Status.OFF: "dim"}


def doctor(
    context: typer.Context,
    *,
    views: Annotated[
        bool, typer.Option("--views", help="Only print links that save views in Temporal's web UI.")
    ] = False,
    send_test: Annotated[
        bool, typer.Option("--send-test", help="Also send a message over each channel that says it is a test.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Ask everything whether it answers, without changing anything. Exit code 6 when something fails."""
    output = output_of(context)
    if views:
        _views(output, load_settings(), as_json=as_json)
        return
    rows = asyncio.run(_examine(send_test=send_test))
    if as_json:
        facts = {"verdict": _verdict(rows), "rows": [row.model_dump(mode="json") for row in rows]}
        output.line(json.dumps(facts))
    else:
        _show(output, rows)
    if any(row.status is Status.FAIL for row in rows):
        raise typer.Exit(Exit.OTHERWISE)


async def _examine(*, send_test: bool) -> Sequence[Row]:
    """All rows, asked at once. Raises ConfigError: without settings there is nothing to ask."""
    settings = load_settings()
    rules, services = load_policy(settings.policy_file), load_services(settings.services_file)
    import_what_checks_need(settings)
    client = await connect(settings, lazy=True)
    checks = (
        *temporal.checks(settings, client),
        *store.checks(settings),
        *sources.checks(settings, services),
        *databases.checks(settings, services),
        *kubernetes.checks(settings, services),
        *channels.checks(settings, rules),
        *(trial.checks(settings) if send_test else ()),
        *model.checks(settings),
        *policy.checks(settings, rules, services),
    )
    return await run_all(checks)


def _views(output: Output, settings: Settings, *, as_json: bool) -> None:
    now = datetime.now(UTC)
    rows = [
        {"name": view.name, "query": view.query(now),
         "link": view.link(settings.temporal_ui_url, now, settings.temporal_namespace)}
        for view in VIEWS
    ]  # fmt: skip
    if as_json:
        output.line(json.dumps({"views": rows}))
        return
    for row in rows:
        output.line(f"{row['name']}: {row['link'] or row['query']}")
    if settings.temporal_ui_url is None:
        output.note("these are queries; with TEMPORAL_UI_URL they are links that save the view where they are opened")


def _show(output: Output, rows: Sequence[Row]) -> None:
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold", max_width=22)
    table.add_column(overflow="fold")
    for group, members in groupby(rows, key=lambda row: row.group):
        table.add_row(Text(group, style="bold"))
        for row in members:
            table.add_row(Text(row.status, style=_STYLES[row.status]), Text(row.name), _words(row))
    output.table(table)
    output.line(_verdict(rows))


def _words(row: Row) -> Text:
    said = f"{row.said} ({row.asked}, {row.seconds:.2f} s)" if row.status is not Status.OFF else row.said
    text = Text(without_invisible(said))
    for label, more in (("costs", row.cost), ("remedy", row.remedy)):
        if more:
            text.append(f"\n{label}: ", style="dim").append(without_invisible(more), style="default")
    return text


def _verdict(rows: Sequence[Row]) -> str:
    return ", ".join(_counts(rows))


def _counts(rows: Sequence[Row]) -> Iterator[str]:
    for status, word in ((Status.FAIL, "failed"), (Status.WARN, "to look at"), (Status.OFF, "off"), (Status.OK, "ok")):
        count = sum(row.status is status for row in rows)
        if count:
            yield f"{count} {word}"
