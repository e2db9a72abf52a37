"""The group of all commands: imported by name when called, and one place that turns failures into exit codes."""

from collections.abc import Callable
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import typer
from typer.core import TyperGroup

from starter.cli.exits import Exit, Stop
from starter.cli.output import Output

PLUGINS = "nightshift.commands"
# In the order of the help text.
COMMANDS = {
    "incidents": "starter.cli.listing:incidents",
    "open": "starter.cli.opening:open_incident",
    "show": "starter.cli.listing:show",
    "watch": "starter.cli.watching:watch",
    "approve": "starter.cli.deciding:approve",
    "reject": "starter.cli.deciding:reject",
    "change": "starter.cli.deciding:change",
    "ack": "starter.cli.deciding:ack",
    "take": "starter.cli.deciding:take",
    "snooze": "starter.cli.deciding:snooze",
    "resolve": "starter.cli.deciding:resolve",
    "false-positive": "starter.cli.deciding:false_positive",
    "note": "starter.cli.deciding:note",
    "merge": "starter.cli.regrouping:merge",
    "split": "starter.cli.regrouping:split",
    "login": "starter.cli.login:login",
    "logout": "starter.cli.login:logout",
    "people": "starter.cli.people:people",
    "audit": "starter.cli.listing:audit",
    "postmortem": "starter.cli.listing:postmortem",
    "feedback": "starter.cli.judging:feedback",
    "similar": "starter.cli.listing:similar",
    "pause": "starter.cli.control:pause",
    "resume-automation": "starter.cli.control:resume_automation",
    "freeze": "starter.cli.control:freeze",
    "unfreeze": "starter.cli.control:unfreeze",
    "maintenance": "starter.cli.maintaining:maintenance",
    "detect": "starter.cli.detecting:detect",
    "doctor": "starter.cli.doctor:doctor",
    "migrate": "starter.cli.processes:migrate",
    "worker": "starter.cli.processes:worker",
    "starter": "starter.cli.processes:starter",
    "health": "starter.cli.health:health",
}


class LazyGroup(TyperGroup):
    """Commands of ours by name, and those that other packages register as entry points."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ANN401, ARG002 - typer's own type is private
        return [*COMMANDS, *(name for name in _plugins() if name not in COMMANDS)]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ANN401, ARG002 - as above
        if cmd_name in COMMANDS:
            module, _, function = COMMANDS[cmd_name].partition(":")
            return _command(cmd_name, getattr(import_module(module), function))
        plugin = _plugins().get(cmd_name)
        return None if plugin is None else _command(cmd_name, plugged(plugin))

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 - as above
        try:
            return super().invoke(ctx)
        except (typer.Exit, typer.Abort):
            raise
        except KeyboardInterrupt:
            raise typer.Exit(Exit.INTERRUPTED) from None
        except Exception as error:
            raise typer.Exit(_reported(error, ctx.obj)) from error


def _reported(error: Exception, output: object) -> Exit:
    """Say what happened on stderr; the code that stands for it. Usage errors are typer's to report."""
    # Only a failure needs to know them, and they bring Temporal's SDK.
    from config.errors import ConfigError  # noqa: PLC0415
    from integrations.ports import PortError, Unavailable  # noqa: PLC0415
    from starter.away import TemporalAway  # noqa: PLC0415
    from starter.reading import NothingAnswers  # noqa: PLC0415

    if hasattr(error, "format_message") or not isinstance(output, Output) or output.debug:
        raise error
    match error:
        case Stop():
            code, text = error.code, str(error)
        case ConfigError():
            code, text = Exit.USAGE, str(error)
        case NothingAnswers():
            code, text = Exit.UNREACHABLE, str(error)
        case TemporalAway() | Unavailable():
            code, text = Exit.UNREACHABLE, f"{error}; nothing was recorded"
        case PortError():
            code, text = Exit.FAILED, str(error)
        case _:
            code, text = Exit.FAILED, f"{type(error).__name__}: {error} (run `nightshift --debug ...` for more)"
    output.fail(text)
    return code


def _plugins() -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group=PLUGINS)}


def plugged(plugin: EntryPoint) -> Callable[..., object] | typer.Typer:
    """The plugin's function or group, or one that says why there is none: it may lack an optional dependency."""
    try:
        return plugin.load()
    except ImportError as error:
        return _unavailable(plugin, error)


def _unavailable(plugin: EntryPoint, error: ImportError) -> Callable[..., object]:
    def unavailable() -> None:
        raise Stop(Exit.FAILED, f"{plugin.name} cannot run: {error}; install what it needs, such as nightshift[rig]")

    unavailable.__doc__ = f"Not installed completely: {error}."
    return unavailable


def _command(name: str, function: Callable[..., object] | typer.Typer) -> Any:  # noqa: ANN401 - typer's own type is private
    if isinstance(function, typer.Typer):
        group = typer.main.get_command(function)
        group.name = name  # else the list of commands shows it without one
        return group
    single = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    single.command(name)(function)
    return typer.main.get_command(single)
