"""`nightshift pause` and `resume-automation`: a person's word over all automatic actions."""

import getpass
from datetime import UTC, datetime
from typing import Annotated

import typer

from config.adapters import store
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
    now, length = datetime.now(UTC), duration(lasting)
    until = now + length
    kept = store(load_settings())
    with kept.pool:
        kept.guard.pause(claimed(who), reason, until, now)
    output_of(context).note(f"automation is paused until {until:%Y-%m-%d %H:%M:%S} UTC by {claimed(who)}: {reason}")


def resume_automation(context: typer.Context, who: Who = None) -> None:
    """Let automation act again."""
    kept = store(load_settings())
    with kept.pool:
        kept.guard.resume(claimed(who), datetime.now(UTC))
    output_of(context).note("automation may act again, within the policy")


def claimed(who: str | None) -> str:
    """The name that is recorded: given, or the login's. Nothing here proves it."""
    return (who or getpass.getuser()).strip()[:200]
