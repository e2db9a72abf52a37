"""`nightshift`: the command line. Each command is imported when it is called."""

import logging
from typing import Annotated

import typer

from starter.cli.group import LazyGroup
from starter.cli.output import ColorMode, Output

app = typer.Typer(
    cls=LazyGroup,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=(
        "Exit codes: 0 done, 1 failed, 2 usage or settings, 3 not found, 4 refused by a rule, 5 unreachable and "
        "nothing recorded, 6 doctor found a fail or watch ended otherwise, 7 timed out waiting (a word may be recorded "
        "yet: look before you repeat it), 130 Ctrl-C."
    ),
)


@app.callback()
def main(
    context: typer.Context,
    color: Annotated[ColorMode, typer.Option(help="Colour; NO_COLOR switches it off as well.")] = ColorMode.AUTO,
    *,
    local: Annotated[bool, typer.Option("--local/--utc", help="Times of this machine's zone, or UTC.")] = False,
    wide: Annotated[bool, typer.Option("--wide", help="Tables may be wider than 100 columns.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of a failure.")] = False,
) -> None:
    """Durable incident response: look at incidents, decide, and run the processes."""
    # Libraries warn of what we report ourselves, in words; the processes set up logging of their own.
    logging.getLogger().addHandler(logging.NullHandler() if not debug else logging.StreamHandler())
    context.obj = Output(color, debug=debug, local=local, wide=wide)
