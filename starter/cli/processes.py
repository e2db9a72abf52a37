"""`nightshift worker`, `starter` and `migrate`: the processes of the product."""

import asyncio
from typing import Annotated

import typer

from config.adapters.store import store_address
from config.logging import set_up_logging
from config.settings import Settings, load_settings
from config.temporal import connect
from starter.cli.exits import Exit, Stop
from starter.cli.output import output_of
from starter.registering import register


def worker(
    queues: Annotated[
        str | None,
        typer.Option(help="Only these task queues, such as incidents,notification. Without it: all of them."),
    ] = None,
) -> None:
    """Run a worker, until Ctrl-C. It reads only the credentials that its task queues need."""
    from workers.lifecycle import run  # noqa: PLC0415 - it brings everything that investigates
    from workers.registry import chosen  # noqa: PLC0415 - as above

    try:
        names = chosen(queues)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--queues") from error
    set_up_logging()
    try:
        asyncio.run(run(load_settings(), names))
    except RuntimeError as error:
        if "Failed client connect" not in str(error):
            raise
        raise Stop(Exit.UNREACHABLE, f"Temporal cannot be reached at TEMPORAL_ADDRESS: {error}") from error


def starter() -> None:
    """Run the web server: webhooks and pages, until Ctrl-C."""
    from starter.serve import run  # noqa: PLC0415 - it brings the web framework

    set_up_logging()
    asyncio.run(run(load_settings()))


def migrate(
    context: typer.Context,
    *,
    search_attributes: Annotated[
        bool, typer.Option("--search-attributes", help="Register the search attributes in Temporal's namespace, too.")
    ] = False,
) -> None:
    """Bring the store's schema up to date; safe to repeat."""
    from integrations.store.migrate import migrate as bring_up_to_date  # noqa: PLC0415 - it brings SQLAlchemy

    settings = load_settings()
    bring_up_to_date(store_address(settings))
    output_of(context).note("the store's schema is up to date")
    if search_attributes:
        added = asyncio.run(_register(settings))
        output_of(context).note(f"search attributes: {', '.join(added) or 'all were registered'}")


async def _register(settings: Settings) -> tuple[str, ...]:
    return await register(await connect(settings, lazy=True))
