"""`nightshift pause`, `freeze` and what lifts them: a person's word over all automatic actions."""

import getpass
from datetime import UTC, datetime
from typing import Annotated

import typer

from config.adapters.store import own_store
from config.settings import load_settings
from starter.cli.durations import duration
from starter.cli.output import output_of

Who = Annotated[str | None, typer.Option(help="Who says so; recorded as claimed. Without it: your login name.")]


def pause(
    context: typer.Context,
    reason: Annotated[str, typer.Option(help="Why; it is shown wherever an action is refused because of it.")],
    lasting: Annotated[str, typer.Option("--for", help="For how long, such as 30m or 2h; it ends by itself.")] = "1h",
    who: Who = None,
) -> None:
    """Pause all automatic actions. Incidents are still opened, investigated and escalated."""
    now = datetime.now(UTC)
    until = now + duration(lasting)
    kept = own_store(load_settings())
    with kept.pool:
        kept.guard.pause(claimed(who), reason, until, now)
        held = kept.guard.controls("", now)
    said = f"automation is paused until {until:%Y-%m-%d %H:%M:%S} UTC by {claimed(who)}: {reason}"
    others = (
        "" if held.pause_reason == f"{reason} ({claimed(who)})" else f"; it stays so for longer: {held.pause_reason}"
    )
    output_of(context).note(said + others)


def resume_automation(context: typer.Context, who: Who = None) -> None:
    """Let automation act again: lifts every pause, also those of others."""
    kept = own_store(load_settings())
    with kept.pool:
        kept.guard.resume(claimed(who), datetime.now(UTC))
    output_of(context).note("automation may act again, within the policy")


def freeze(
    context: typer.Context,
    reason: Annotated[str, typer.Option(help="Why; a plan that asks because of it says so.")],
    lasting: Annotated[str | None, typer.Option("--for", help="For how long, such as 2h or 3d.")] = None,
    until: Annotated[str | None, typer.Option(help="Until when, such as 2026-12-27T08:00+01:00 or 2026-12-27.")] = None,
    who: Who = None,
) -> None:
    """Freeze automatic actions until a moment: every plan asks a person, and runs when that person approves."""
    now = datetime.now(UTC)
    end = end_of(now, lasting, until)
    kept = own_store(load_settings())
    with kept.pool:
        kept.guard.freeze(claimed(who), reason, end, now)
        held = kept.guard.controls("", now)
    said = f"automatic actions are frozen until {end:%Y-%m-%d %H:%M:%S} UTC by {claimed(who)}: {reason}"
    longer = held.frozen_until is not None and held.frozen_until > end
    others = f"; another freeze holds until {held.frozen_until:%Y-%m-%d %H:%M:%S} UTC" if longer else ""
    output_of(context).note(said + others)


def unfreeze(context: typer.Context, who: Who = None) -> None:
    """Let the policy decide again: lifts every freeze, also those of others."""
    kept = own_store(load_settings())
    with kept.pool:
        kept.guard.unfreeze(claimed(who), datetime.now(UTC))
    output_of(context).note("automatic actions are not frozen any more, the policy decides")


def end_of(start: datetime, lasting: str | None, until: str | None) -> datetime:
    """The one end that was named. Raises typer.BadParameter for none, two, or one that is not after the start."""
    if (lasting is None) == (until is None):
        raise typer.BadParameter("name an end, by one of the two", param_hint="--for / --until")
    if lasting is not None:
        return start + duration(lasting)
    end = moment_of(str(until))
    if end <= start:
        raise typer.BadParameter(f"{until!r} is over already")
    return end


def moment_of(text: str) -> datetime:
    """A moment as people type it; without a zone it is UTC, as everything that is printed here. Raises
    typer.BadParameter.
    """
    try:
        read = datetime.fromisoformat(text)
        return read.astimezone(UTC) if read.tzinfo else read.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise typer.BadParameter(f"{text!r} is not a moment such as 2026-12-27T08:00+01:00") from None


def claimed(who: str | None) -> str:
    """The name that is recorded: given, or the login's. Nothing here proves it."""
    return (who or getpass.getuser()).strip()[:200]
