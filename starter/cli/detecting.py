"""`nightshift detect`: the series that are watched, and why one is or is not strange."""

import json
from collections.abc import Sequence
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from analysis.novelty import READY_AFTER
from config.adapters import store
from config.settings import load_settings
from domain.detection import STRANGE, SeriesRow
from starter.cli.exits import Exit, Stop
from starter.cli.output import output_of
from starter.untrusted import without_invisible


def detect(
    context: typer.Context,
    explain: Annotated[str | None, typer.Option(metavar="SERIES", help="The last samples of one series.")] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="JSON on stdout, whole and for scripts.")] = False,
) -> None:
    """List the series that detection watches, or explain one: as they were last written down."""
    output = output_of(context)
    kept = store(load_settings())
    with kept.pool:
        rows = kept.series.listed()
    if explain is not None:
        rows = [row for row in rows if row.watched.key.startswith(explain)]
        if len(rows) != 1:
            raise Stop(Exit.NOT_FOUND, f"{len(rows)} series begin with {explain!r}; `nightshift detect` lists them all")
    if as_json:
        output.line(json.dumps([row.model_dump(mode="json", exclude={"detector"}) for row in rows]))
    elif explain is not None:
        output.table(_explained(rows[0]))
    elif rows:
        output.table(_listed(rows))
    else:
        output.note("no series yet: they come with the first cycle of detection")


def _listed(rows: Sequence[SeriesRow]) -> Table:
    table = Table("series", "service", "expression", "sigma", "stands")
    for row in rows:
        service, name = (Text(without_invisible(said)) for said in (row.watched.service, row.watched.expression.name))
        table.add_row(row.watched.key[:10], service, name, f"{row.standing.sigma:.1f}", _stands(row))
    return table


def _stands(row: SeriesRow) -> str:
    """In words; a series that is not ready says when it will be, by the pace of its samples."""
    if row.standing.since is not None:
        return f"reported since {row.standing.since:%Y-%m-%d %H:%M:%S} UTC"
    if row.points < READY_AFTER:
        return f"not ready: {READY_AFTER - row.points} more points"
    return "strange" if row.standing.strange else "calm"


def _explained(row: SeriesRow) -> Table:
    """The last samples, oldest first, with what was usual and which look at the series found them strange."""
    expression = row.watched.expression
    title = Text(without_invisible(f"{expression.name} of {row.watched.service}: {_stands(row)}"))
    table = Table("at (UTC)", f"value ({expression.unit})", "usual", "sigma", "strongest look", title=title)
    for sign in row.standing.signs:
        sigma = f"{sign.sigma:.1f}{' strange' if sign.sigma >= STRANGE else ''}"
        table.add_row(f"{sign.at:%m-%d %H:%M:%S}", f"{sign.value:.4g}", f"{sign.usual:.4g}", sigma, sign.look)
    return table
