"""What people read of an incident as it goes on: its state, what comes next, the timeline, the audit log."""

from dataclasses import dataclass, field
from datetime import datetime

from domain.audit import AuditRow
from domain.incident import State
from domain.timeline import Entry, Kind
from domain.view import Next

_LONGEST_ROW = 1_000


@dataclass(kw_only=True)
class Journal:
    """`version` counts changes, so that others notice that there is something to save."""

    state: State = State.DETECTED
    next: Next = field(default_factory=lambda: Next(text="Alerts are gathered for a moment, then the machine looks."))
    timeline: list[Entry] = field(default_factory=list[Entry])
    audit: list[AuditRow] = field(default_factory=list[AuditRow])
    """Rows that are not saved yet."""
    version: int = 0
    updated_at: datetime | None = None

    def note(self, at: datetime, kind: Kind, actor: str, text: str, ref: str | None = None) -> None:
        """Add a row to the timeline, no longer than people read."""
        said = text if len(text) <= _LONGEST_ROW else f"{text[: _LONGEST_ROW - 1]}…"
        self.timeline.append(Entry(seq=self.rows + 1, at=at, kind=kind, actor=actor, text=said, ref=ref))
        self.changed(at)

    @property
    def rows(self) -> int:
        """How many rows the timeline has had; the middle of a long one is left behind when a new run goes on."""
        return self.timeline[-1].seq if self.timeline else 0

    def changed(self, at: datetime) -> None:
        self.version += 1
        self.updated_at = at

    def enter(self, state: State, at: datetime, then: Next) -> None:
        """A change of state, with what happens next. Entering where it stands already, with the same words, is none."""
        if self.state is state and self.next == then:
            return
        if self.state is not state:
            self.state = state
            self.note(at, Kind.STATE, "nightshift", state.value)
        self.next = then
        self.changed(at)

    def audited(self, row: AuditRow) -> None:
        self.audit.append(row)
