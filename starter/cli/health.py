"""`nightshift health`: does a process of this machine do its work? For containers, whose engine keeps asking."""

import asyncio
import socket
import urllib.error
import urllib.request
from enum import StrEnum
from typing import Annotated

import typer

from config.settings import load_settings
from starter.cli.exits import Exit, Stop
from starter.cli.output import output_of

_LIMIT_S = 5.0


class Process(StrEnum):
    """Whose health."""

    STARTER = "starter"
    WORKER = "worker"


def health(
    context: typer.Context,
    process: Annotated[Process, typer.Argument(help="Which process.")],
    queues: Annotated[str | None, typer.Option(help="The worker's --queues.")] = None,
) -> None:
    """Ask whether the starter or worker of this machine or container works; exit code 5 when not.

    The starter is asked itself. A worker listens on nothing: Temporal is asked whether it is polled from here.
    """
    said = _starter() if process is Process.STARTER else asyncio.run(_worker(queues))
    output_of(context).line(said)


def _starter() -> str:
    address = f"http://127.0.0.1:{load_settings().port}/health"
    try:
        with urllib.request.urlopen(address, timeout=_LIMIT_S):
            return "the starter answers"
    except (urllib.error.URLError, OSError) as error:
        raise Stop(Exit.UNREACHABLE, f"the starter does not answer at {address}: {error}") from error


async def _worker(names: str | None) -> str:
    """Only a starter's health is asked for without Temporal's SDK."""
    from config.temporal import connect  # noqa: PLC0415
    from starter.polling import pollers  # noqa: PLC0415
    from workers.registry import chosen  # noqa: PLC0415

    client = await connect(load_settings(), lazy=True)
    here = f"@{socket.gethostname()}"
    for queue in chosen(names):
        polled = await pollers(client, queue)
        if not any(identity.endswith(here) for identity in polled.identities):
            raise Stop(Exit.UNREACHABLE, f"no worker of {here[1:]} polls the queue {queue}")
    return "the worker polls"
