"""The incident, live in the terminal: every new row of its timeline, as it is written."""

import time
from dataclasses import dataclass, field
from datetime import datetime

from rich.console import Console
from rich.text import Text

from domain.timeline import Entry, Kind
from domain.view import IncidentView
from rig.demo.both import NAMES

_STYLES: dict[Kind, str] = {
    Kind.ALERT: "red",
    Kind.STATE: "bold",
    Kind.FINDING: "cyan",
    Kind.DIAGNOSIS: "bold cyan",
    Kind.PLAN: "magenta",
    Kind.GATE: "bold magenta",
    Kind.ACTION: "bold yellow",
    Kind.VERIFICATION: "green",
    Kind.ESCALATION: "bold red",
    Kind.NOTIFICATION: "red",
}


@dataclass
class Narrator:
    """Prints rows once, with the seconds since the fault."""

    console: Console
    began: float = field(default_factory=time.time)
    _told: dict[str, int] = field(default_factory=dict[str, int])

    def say(self, kind: str, text: str, style: str = "") -> None:
        """A line of the demo's own."""
        self._line(time.time(), kind, text, style)

    def tell(self, view: IncidentView) -> None:
        """The rows of an incident that were not told yet."""
        known = self._told.get(view.incident, 0)
        if not known:
            self._line(view.opened_at.timestamp(), "incident", f"{view.incident} opened: {view.title}", "bold")
        for entry in view.timeline:
            if entry.seq > known:
                self._row(entry, view.incident)
        self._told[view.incident] = max([known, *(entry.seq for entry in view.timeline)])

    def _row(self, entry: Entry, incident: str) -> None:
        # Two watch: of an alert it is said who saw it.
        text = f"{NAMES.get(entry.actor, entry.actor)}: {entry.text}" if entry.kind is Kind.ALERT else entry.text
        self._line(entry.at.timestamp(), entry.kind, text, _STYLES.get(entry.kind, ""), incident[-6:])

    def _line(self, at: float, kind: str, text: str, style: str, incident: str = "") -> None:
        line = Text(f"{at - self.began:+7.1f} s  {incident:<6}  ", style="dim")
        line.append(f"{kind:<13}", style=style)
        # Alert and log texts are untrusted: Text prints them as they are, without markup or control characters.
        line.append("".join(c if c.isprintable() else " " for c in text))
        self.console.print(line, soft_wrap=False, highlight=False)


def seconds(later: datetime | None, earlier: datetime | float | None) -> str:
    """The time between two instants, for people; words where one is not known."""
    if later is None or earlier is None:
        return "not measured"
    start = earlier.timestamp() if isinstance(earlier, datetime) else earlier
    return f"{later.timestamp() - start:.1f} s"
