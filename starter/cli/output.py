"""Where the command line writes: results to stdout, everything else to stderr; text from outside is only text."""

import os
import sys
from datetime import UTC, datetime
from enum import StrEnum

from rich.console import Console
from rich.table import Table
from rich.text import Text

from domain.invisible import without_invisible

# Not a terminal: wide enough that no sentence is folded in a file or a pipe.
_PIPE_WIDTH = 200
TABLE_WIDTH = 100


class ColorMode(StrEnum):
    """--color."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


class Output:
    """The two consoles of a run. Without a terminal there are no control codes at all."""

    def __init__(
        self, color: ColorMode = ColorMode.AUTO, *, debug: bool = False, local: bool = False, wide: bool = False
    ) -> None:
        self.debug = debug
        self._local = local
        self.wide = wide
        self._color = color
        self.out = self._console(stderr=False)
        self.err = self._console(stderr=True)

    def _console(self, *, stderr: bool) -> Console:
        terminal = (sys.stderr if stderr else sys.stdout).isatty() and os.environ.get("TERM") != "dumb"
        always = self._color is ColorMode.ALWAYS
        return Console(
            stderr=stderr,
            highlight=False,
            markup=False,
            emoji=False,
            soft_wrap=not terminal,
            width=None if terminal else _PIPE_WIDTH,
            force_terminal=True if always else None,
            # Given, it wins over NO_COLOR; the environment decides otherwise.
            no_color=False if always else self._color is ColorMode.NEVER or bool(os.environ.get("NO_COLOR")),
        )

    def now(self) -> datetime:
        """The moment, in the zone in which times are said."""
        now = datetime.now(UTC)
        return now.astimezone() if self._local else now

    def table(self, table: Table) -> None:
        """A table, as a result: at most 100 columns, unless wide ones are wanted."""
        width = None if self.wide else min(TABLE_WIDTH, self.out.width)
        self.out.print(table, width=width, soft_wrap=False)

    @property
    def interactive(self) -> bool:
        """May we ask, and redraw?"""
        return sys.stdin.isatty() and self.out.is_terminal and os.environ.get("TERM") != "dumb"

    def line(self, text: str) -> None:
        """A result, on stdout, as it is."""
        self.out.print(Text(without_invisible(text)), soft_wrap=True)

    def note(self, text: str) -> None:
        """Progress or a warning, on stderr."""
        self.err.print(Text(without_invisible(text)))

    def fail(self, text: str) -> None:
        """What went wrong, on stderr."""
        self.err.print(Text("error: ", style="bold red").append(without_invisible(text), style="default"))


def output_of(context: object) -> Output:
    """The output of this run."""
    found = getattr(context, "obj", None)
    return found if isinstance(found, Output) else Output()
