"""`nightshift maintenance`: what shall open and page nothing while people work on it."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.table import Table
from rich.text import Text
from temporalio.service import RPCError

from config.adapters.store import own_store
from config.errors import sentence
from config.settings import Settings, load_settings
from config.temporal import connect
from domain.doors import Door
from domain.holding import Became, MutedRow, Tally
from domain.listing import Filter
from domain.maintenance import LONGEST, Declared, Window, WindowWord, WordKind, declared, window_id
from domain.matching import Matcher, read_matcher
from domain.names import names_in
from domain.view import IncidentView
from starter.away import TemporalAway, answered
from starter.cli.control import Who, claimed, end_of, moment_of
from starter.cli.exits import Exit, Stop
from starter.cli.listing import AsJson
from starter.cli.output import Output, output_of
from starter.untrusted import clean, without_invisible

_LONGEST_NAME, _LONGEST_WHY = 200, 300
_LAST = 20
_WHOSE = "Whose alerts are muted; a name that has a comma stands in double quotes, as in CSV."
_MOST_OPEN = 1_000
maintenance = typer.Typer(
    name="maintenance", no_args_is_help=True, pretty_exceptions_enable=False,
    help="Maintenance windows: what they name opens no incident and pages nobody, until they end.",
)  # fmt: skip


@maintenance.command()
def start(
    context: typer.Context,
    reason: Annotated[str, typer.Option(help="Why; it is shown with all that is muted.")],
    services: Annotated[str, typer.Argument(metavar="[SERVICE,...]", help=_WHOSE)] = "",
    matcher: Annotated[
        list[str] | None, typer.Option(metavar="MATCHER", help='As in Alertmanager: severity="low". All must fit.')
    ] = None,
    lasting: Annotated[str | None, typer.Option("--for", help="For how long, such as 2h; 30d at most.")] = None,
    until: Annotated[str | None, typer.Option(help="Until when, such as 2026-12-27T08:00+01:00.")] = None,
    at: Annotated[str | None, typer.Option(help="From when on; without it: now.")] = None,
    who: Who = None,
) -> None:
    """Mute opening and paging for services, for alerts that matchers fit, or for both together."""
    now, says = datetime.now(UTC), f"{claimed(who)} (claimed)"
    begin = moment_of(at) if at is not None else now
    if begin < now:
        raise typer.BadParameter(f"{at!r} is over already", param_hint="--at")
    window = _window(services, matcher or (), begin, end_of(begin, lasting, until), says, reason, now)
    kept = own_store(load_settings())
    with kept.pool:
        opened = kept.incidents.page(Filter(open_only=True), now, limit=_MOST_OPEN).views
        kept.maintenance.say(WindowWord(kind=WordKind.DECLARED, window=window, at=now, who=says, door=Door.CLI))
    output = output_of(context)
    output.line(window.id)
    output.note(
        f"{window.scope} opens and pages nothing from {_time(window.starts)} until {_time(window.ends)}, says {says}: "
        f"{window.why}. What fires then opens its incident."
    )
    for view in opened:
        if _names(window, view):
            output.note(_goes_on(view))


@maintenance.command("list")
def list_windows(context: typer.Context, *, as_json: AsJson = False) -> None:
    """The windows of the last month and to come, and what was muted last, by them and by Alertmanager's silences."""
    now, output, kept = datetime.now(UTC), output_of(context), own_store(load_settings())
    with kept.pool:
        windows = declared(kept.maintenance.words(now - LONGEST))
        rows, tallies = kept.maintenance.muted(_LAST), kept.maintenance.tallies()
    if as_json:
        output.line(json.dumps({
            "windows": [_document(one, tallies, now) for one in windows],
            "muted": [row.model_dump(mode="json") for row in rows],
        }))  # fmt: skip
        return
    if windows:
        output.table(_windows(windows, tallies, now))
    else:
        output.note("no maintenance window; nightshift maintenance start declares one")
    if rows:
        output.table(_muted(rows, now))


@maintenance.command()
def end(
    context: typer.Context, window: Annotated[str, typer.Argument(help="Its id, or how that begins.")], who: Who = None
) -> None:
    """End a window before its time: what it held back and fires still opens its incident at once."""
    now, says, output, settings = datetime.now(UTC), f"{claimed(who)} (claimed)", output_of(context), load_settings()
    kept = own_store(settings)
    with kept.pool:
        one = _named(window, declared(kept.maintenance.words(now)), now)
        word = WindowWord(kind=WordKind.ENDED, window=one.window, at=max(now, one.at), who=says, door=Door.CLI)
        kept.maintenance.say(word)
        held = [row for row in kept.maintenance.muted(1_000) if row.window == one.window.id]
    output.note(f"{one.window.id} has ended, says {says}: {one.window.scope} opens and pages again")
    asyncio.run(_judge(settings, {row.key for row in held if row.became is Became.HELD}, output))


def _window(
    services: str, matchers: Sequence[str], begin: datetime, until: datetime, who: str, why: str, now: datetime
) -> Window:
    """Raises typer.BadParameter, which names what is wrong."""
    names = _services(services)
    read = tuple(_matcher(text) for text in matchers)
    scope = f"{names}{[str(one) for one in read]}{begin}{until}{why}"
    try:
        return Window(
            id=window_id(scope, now, who), services=names, matchers=read, starts=begin, ends=until, who=who,
            why=clean(why, _LONGEST_WHY),
        )  # fmt: skip
    except ValidationError as error:
        raise typer.BadParameter(sentence(error.errors()[0])) from None


def _services(text: str) -> tuple[str, ...]:
    try:
        return tuple(dict.fromkeys(name for part in names_in(text) if (name := clean(part, _LONGEST_NAME))))
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="SERVICE") from None


def _matcher(text: str) -> Matcher:
    try:
        return read_matcher(text)
    except ValidationError as error:
        raise typer.BadParameter(sentence(error.errors()[0]), param_hint="--matcher") from None
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--matcher") from None


def _named(beginning: str, windows: Sequence[Declared], now: datetime) -> Declared:
    """The one window, not over yet, whose id begins so. Raises Stop."""
    found = [one for one in windows if one.window.id.startswith(beginning.upper()) and now < one.window.ends]
    if len(found) != 1:
        said = f"{len(found)} windows that are not over have an id that begins with {beginning!r}"
        raise Stop(Exit.NOT_FOUND, f"{said}; `nightshift maintenance list` lists them")
    return found[0]


def _names(window: Window, view: IncidentView) -> bool:
    """Is it about what the window names? Of a storm only the first alerts are known here."""
    named = not window.matchers and not set(window.services).isdisjoint(view.services)
    return named or any(window.names(anomaly) for anomaly in view.anomalies if anomaly.firing)


def _goes_on(view: IncidentView) -> str:
    """A window mutes what is not open yet."""
    said = f"{view.incident} ({view.title}) is open and goes on"
    if view.clock.acknowledged_at is not None:
        return f"{said}; it is acknowledged"
    return f"{said}, with its pages: acknowledge it (nightshift ack {view.incident}) or resolve it"


async def _judge(settings: Settings, keys: set[str], output: Output) -> None:
    """Let what is held back be judged now. It is judged within five minutes without this too."""
    if not keys:
        return
    client = await connect(settings, lazy=True)
    try:
        for key in sorted(keys):
            try:
                async with answered():
                    await client.get_workflow_handle(key).signal("judge")
            except RPCError:  # NOT_FOUND: it would not have ended before the record says what became of what it held
                output.note(f"{key} was terminated in Temporal: what it held (nightshift maintenance list) is lost")
    except TemporalAway as away:
        output.note(f"{away}; what it held back is judged within five minutes of Temporal being back")


def _document(one: Declared, tallies: Mapping[str, Tally], now: datetime) -> dict[str, object]:
    tally = tallies.get(one.window.id, Tally())
    return one.model_dump(mode="json") | {"state": one.state(now)} | tally.model_dump(mode="json")


def _windows(windows: Sequence[Declared], tallies: Mapping[str, Tally], now: datetime) -> Table:
    table = Table("window", "state", "mutes", "from and until", "who, and why", "held / in all")
    for one in windows:
        window, tally = one.window, tallies.get(one.window.id, Tally())
        said = (window.scope, f"{_time(window.starts)}\n{_time(window.ends)}", f"{window.who}: {window.why}")
        scope, times, why = (Text(without_invisible(text)) for text in said)
        table.add_row(
            window.id, Text(without_invisible(one.state(now))), scope, times, why, f"{tally.held} / {tally.in_all}"
        )
    return table


def _muted(rows: Sequence[MutedRow], now: datetime) -> Table:
    table = Table("muted since", "service", "what", "severity", "became", "by")
    for row in rows:
        service, name, by = (Text(without_invisible(text)) for text in (row.service, row.name, row.reason))
        table.add_row(_time(row.since), service, name, row.severity, _became(row, now), by)
    return table


def _became(row: MutedRow, now: datetime) -> str:
    return "held, not judged" if row.unjudged(now) else row.became


def _time(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
