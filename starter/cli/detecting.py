"""`nightshift detect`: the series that are watched, what was forecast of them, and why one is or is not strange."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from analysis.novelty import READY_AFTER
from config.adapters import sources
from config.adapters.store import own_store
from config.services import load_services
from config.settings import load_settings
from domain.detection import SeriesRow
from domain.forecast import Forecast
from domain.sign import STRANGE, Sign
from domain.thresholds import Raised, in_force
from starter.cli.control import Who, claimed
from starter.cli.exits import Exit, Stop
from starter.cli.foresting import show_forest
from starter.cli.output import output_of
from starter.cli.picturing import picture_of
from starter.cli.thresholds import listed as list_thresholds
from starter.cli.thresholds import reset as back_to_usual
from starter.untrusted import without_invisible


def detect(
    context: typer.Context,
    explain: Annotated[str | None, typer.Option(metavar="SERIES", help="The last samples of one series.")] = None,
    png: Annotated[
        Path | None, typer.Option(metavar="FILE", help="With --explain: draw its last day and its forecast.")
    ] = None,
    reset: Annotated[
        str | None, typer.Option(metavar="SERIES", help="Judge it at 3 sigma again, whatever was marked before.")
    ] = None,
    forest: Annotated[str | None, typer.Option(metavar="SERVICE", help="Are its metrics unusual together now?")] = None,
    who: Who = None,
    *,
    thresholds: Annotated[
        bool, typer.Option("--thresholds", help="The thresholds that false positives have raised, and by whom.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="JSON on stdout, whole and for scripts.")] = False,
) -> None:
    """List the series that detection watches, or explain one: as they were last written down."""
    _one_thing(explain, png, reset, who, forest=forest, thresholds=thresholds)
    output, settings, now = output_of(context), load_settings(), datetime.now(UTC)
    if forest is not None:
        show_forest(forest, settings, output, now, as_json=as_json)
        return
    kept = own_store(settings)
    with kept.pool:
        if reset is not None:
            back_to_usual(kept.thresholds, reset, f"{claimed(who)} (claimed)", now, output)
            return
        words = kept.thresholds.words()
        if thresholds:
            list_thresholds(words, output, as_json=as_json)
            return
        raised = in_force(words)
        rows, forecasts = kept.series.listed(), {head.key: head for head in kept.forecasts.heads()}
        if explain is not None:
            rows = [_named(explain, rows)]
            forecasts = {one.key: one for one in kept.forecasts.load([rows[0].watched.key])}
    if png is not None:
        key = rows[0].watched.key
        metrics = sources.metrics(settings, load_services(settings.services_file))
        picture, missing = picture_of(rows[0], forecasts.get(key), raised.get(key), metrics, now)
        png.write_bytes(picture)
        output.note(f"drawn in {png}{missing}")
    known = [(row, forecasts.get(row.watched.key), raised.get(row.watched.key)) for row in rows]
    if as_json:
        output.line(json.dumps([_document(*one) for one in known]))
    elif explain is not None:
        output.table(_explained(*known[0], now))
    elif rows:
        output.table(_listed(known, now))
    else:
        output.note("no series yet: they come with the first cycle of detection")


def _one_thing(
    explain: str | None, png: Path | None, reset: str | None, who: str | None, *, forest: str | None, thresholds: bool
) -> None:
    """Raises typer.BadParameter where options do not go together."""
    if forest is not None and (explain is not None or png is not None):
        raise typer.BadParameter("it is about a service, --explain and --png about a series", param_hint="--forest")
    if png is not None and explain is None:
        raise typer.BadParameter("it draws the one series that --explain names", param_hint="--png")
    if sum((explain is not None, reset is not None, forest is not None, thresholds)) > 1:
        raise typer.BadParameter("ask for one of them", param_hint="--explain / --forest / --thresholds / --reset")
    if reset is None and who is not None:
        raise typer.BadParameter("it names who resets a threshold", param_hint="--who")


def _named(beginning: str, rows: Sequence[SeriesRow]) -> SeriesRow:
    """The one series whose key begins so. Raises Stop."""
    found = [row for row in rows if row.watched.key.startswith(beginning)]
    if len(found) != 1:
        raise Stop(Exit.NOT_FOUND, f"{len(found)} series begin with {beginning!r}; `nightshift detect` lists them all")
    return found[0]


def _document(row: SeriesRow, forecast: Forecast | None, raised: Raised | None) -> dict[str, Any]:
    """The table of a forecast is for machines of our own."""
    head = None if forecast is None else forecast.model_dump(mode="json", exclude={"band"})
    threshold = None if raised is None else raised.model_dump(mode="json")
    return row.model_dump(mode="json", exclude={"detector"}) | {"forecast": head, "raised": threshold}


def _listed(known: Sequence[tuple[SeriesRow, Forecast | None, Raised | None]], now: datetime) -> Table:
    table = Table("series", "service", "expression", "sigma", "stands, and its forecast")
    for row, forecast, raised in known:
        service, name = (Text(without_invisible(said)) for said in (row.watched.service, row.watched.expression.name))
        above = "" if raised is None else f"\nthreshold raised to {raised.threshold:.2f} sigma"
        stands = Text(f"{_stands(row)}\nforecast {_forecast(row, forecast, now)}{above}")
        table.add_row(row.watched.key[:10], service, name, f"{row.standing.sigma:.1f}", stands)
    return table


def _stands(row: SeriesRow) -> str:
    """In words; a series that is not ready says when it will be, by the pace of its samples."""
    if row.standing.since is not None:
        how = "gone" if row.standing.silent else "reported"
        return f"{how} since {row.standing.since:%Y-%m-%d %H:%M:%S} UTC"
    if row.standing.gone:
        return "gone for good"
    if row.points < READY_AFTER:
        return f"not ready: {READY_AFTER - row.points} more points"
    if not row.standing.strange:
        return "calm"
    waits = row.standing.patience.total_seconds()
    return "strange" if row.standing.outlasts else f"strange, and told when it lasts for {waits:.0f} s"


def _forecast(row: SeriesRow, forecast: Forecast | None, now: datetime) -> str:
    """In words: since when there is one, or why not and from when on there will be."""
    if forecast is None:
        return "not trained yet"
    why = without_invisible(forecast.reason)
    if not forecast.ready:
        when = "" if forecast.ready_at is None else f", ready at {forecast.ready_at:%Y-%m-%d %H:%M} UTC"
        return f"not ready: {why}{when}"
    if forecast.query != row.watched.query:
        return "of another query; it is not judged by it"
    trained = f"of {forecast.trained_at:%Y-%m-%d %H:%M} UTC"
    if forecast.stale(now):
        return f"{trained}, stale: it is not judged by it{why and f' ({why})'}"
    if not row.standing.fits(row.until):
        return f"{trained}, wrong since {row.standing.missed_since:%m-%d %H:%M}: it is not judged by it"
    return trained


def _explained(row: SeriesRow, forecast: Forecast | None, raised: Raised | None, now: datetime) -> Table:
    """The last samples, oldest first: what each of the two expected and says, and which of them decided."""
    expression, said = row.watched.expression, _forecast(row, forecast, now)
    if forecast is not None and forecast.fitted_from is not None and forecast.fitted_to is not None:
        days = (forecast.fitted_to - forecast.fitted_from).total_seconds() / 86_400
        said += f", from {forecast.points} points of {days:.1f} days, sigma stretched by {forecast.stretch:.2f}"
    strange = STRANGE if raised is None else raised.threshold
    said += f"\nthreshold {f'{STRANGE:g} sigma' if raised is None else raised.reason}"
    about = f"{expression.name} ({expression.unit}) of {row.watched.service}: {_stands(row)}\nforecast {said}"
    title = Text(f"{without_invisible(about)}\nof both: sigma by forecast, sigma by streaming detector")
    table = Table(title=title)
    for column in ("at (UTC)", "value", "forecast", "usual", "sigma", "strongest look", "of both"):
        table.add_column(column, no_wrap=True)
    for sign in row.standing.signs:
        sigma = f"{sign.sigma:.1f}{' strange' if sign.sigma >= strange else ''}"
        both = f"{f'{sign.by_forecast:.1f}' if sign.deviation is not None else 'none'}, {sign.novelty:.1f}"
        table.add_row(
            f"{sign.at:%m-%d %H:%M:%S}", f"{sign.value:.4g}", _band(sign, strange), f"{sign.usual:.4g}", sigma,
            sign.look, both,
        )  # fmt: skip
    return table


def _band(sign: Sign, strange: float) -> str:
    if sign.expected is None or sign.scale is None:
        return "none"
    return f"{sign.expected:.4g} ± {strange * sign.scale:.4g}"
