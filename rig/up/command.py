"""`nightshift up`: everything that Nightshift needs, in one command, with its data kept."""

import signal
from pathlib import Path
from types import FrameType
from typing import Annotated, NoReturn

import typer
from rich.console import Console

from config.policy import load_policy
from config.services import load_services
from config.settings import load_settings
from rig.demo.provisions import ProvisionsMissingError, obtain_required
from rig.obtain import postgres, temporal
from rig.obtain.missing import Missing
from rig.servers.ports import free_port, is_free
from rig.servers.process import ServerFailedError
from rig.up.environment import overridden
from rig.up.folder import default_folder, opened
from rig.up.house import House, Ports
from starter.cli.exits import Exit, Stop
from starter.cli.output import Output, output_of

_REQUIRED = ("temporal", "postgres")
_STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def up(
    context: typer.Context,
    data: Annotated[
        Path | None, typer.Option(help="Folder for all that is kept [default: ~/.local/share/nightshift].")
    ] = None,
    temporal_port: Annotated[int, typer.Option(min=1, max=65_535, help="Port of Temporal.")] = 7233,
    ui_port: Annotated[int, typer.Option(min=1, max=65_535, help="Port of Temporal's web UI.")] = 8233,
) -> None:
    """Run Nightshift with its own Temporal and PostgreSQL, on this machine, until Ctrl-C; data is kept.

    Sources, channels, policy and services come from the environment, as for `nightshift worker` and `starter`.
    """
    output = output_of(context)
    ports = _ports(temporal_port, ui_port)
    for number in _STOPS:  # SIGINT too: a background job of a shell inherits that it is ignored
        signal.signal(number, _as_interrupt)
    try:
        _provide()
        with opened((data or default_folder()).expanduser().absolute()) as folder:
            _run(output, folder, ports)
    except KeyboardInterrupt:
        output.note("stopped; open incidents wait, and go on at the next `nightshift up`")
    except (ProvisionsMissingError, Missing, ServerFailedError) as error:
        raise Stop(Exit.FAILED, str(error)) from error


def _ports(temporal: int, ui: int) -> Ports:
    """Raises ConfigError for settings that do not fit, before anything is started; Stop for a port that is taken."""
    settings = load_settings()
    load_policy(settings.policy_file)
    load_services(settings.services_file)
    ports = Ports(temporal=temporal, ui=ui, starter=settings.port or free_port())
    wanted = (("Temporal", temporal, "--temporal-port"), ("Temporal's web UI", ui, "--ui-port"),
              ("the starter", ports.starter, "NIGHTSHIFT_PORT"))  # fmt: skip
    for what, port, remedy in wanted:
        if not is_free(port):
            said = f"port {port} for {what} is taken, perhaps by another `nightshift up` or `nightshift demo`"
            raise Stop(Exit.FAILED, f"{said}: end that, or choose another port with {remedy}")
    return ports


def _provide() -> None:
    if temporal.find() is None or postgres.find() is None:
        obtain_required(Console(stderr=True, highlight=False), _REQUIRED, ())


def _run(output: Output, folder: Path, ports: Ports) -> None:
    for name in overridden():
        output.note(f"{name} is for `up` to say; what the environment says of it is not used")
    with House(folder, ports, output.note) as house:
        try:
            _say_where(output, house, folder)
            house.watch()
        finally:
            output.note("stopping: running activities may finish, for up to 20 s")
            for number in _STOPS:  # a second Ctrl-C must not leave half of it running
                signal.signal(number, signal.SIG_IGN)


def _say_where(output: Output, house: House, folder: Path) -> None:
    count = house.open_incidents()
    going_on = f", {count} open incident{'s' * (count != 1)} go{'es' * (count == 1)} on" if count else ""
    for label, text in (
        ("pages", f"{house.url}/incidents"),
        ("webhook", f"{house.url}/webhooks/prometheus (for Alertmanager)"),
        ("web UI", house.temporal.ui_url),
        ("data", f"{folder}{going_on}"),
        ("commands", f". {house.environment_file}   then `nightshift incidents`, `nightshift doctor`"),
    ):
        output.line(f"{label:<9} {text}")
    output.note("Ctrl-C stops everything")


def _as_interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt
