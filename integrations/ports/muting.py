"""What mutes opening and paging, and where what is held back goes when nothing mutes it any more."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from domain.anomaly import Anomaly
from domain.holding import Held, MutedRow, Tally
from domain.maintenance import Window, WindowWord


class MaintenanceStore(Protocol):
    """Maintenance windows, as words to which is only added, and the record of what was muted."""

    def say(self, word: WindowWord) -> None:
        """Keep this word; of those of one kind on one window the first stays."""
        ...

    def words(self, since: datetime) -> Sequence[WindowWord]:
        """All words on windows that were declared to end after `since`, by time. A window of whose words one cannot be
        read is left out, and said.
        """
        ...

    def record(self, rows: Sequence[MutedRow]) -> None:
        """Keep these, all or none; an older state of a row never replaces a newer one."""
        ...

    def muted(self, limit: int) -> Sequence[MutedRow]:
        """What is held first, then what was, each the newest first."""
        ...

    def newest(self, windows: Collection[str]) -> Sequence[MutedRow]:
        """Of each of these windows, and of all that holds something, one record, by their ids: the newest that is held,
        else the newest.
        """
        ...

    def forget(self, before: datetime) -> None:
        """Drop what has not changed since `before`; what is held stays until its end has been over for as long."""
        ...

    def tallies(self) -> Mapping[str, Tally]:
        """How much was muted, by window or silence."""
        ...


class SilenceSource(Protocol):
    """Another system's silences."""

    def silences(self) -> Sequence[Window]:
        """Those that are in force. One whose matchers cannot be understood is left out, and said. Raises PortError."""
        ...


class MutedDoor(Protocol):
    """The way from what is held to incidents."""

    async def again(self, held: Sequence[Held], at: datetime) -> Sequence[Held]:
        """Judge it again as of `at`: what is not muted goes to its incident, what is comes back. Raises Unavailable."""
        ...

    async def hand_over(self, anomalies: Sequence[Anomaly]) -> None:
        """To their incidents, whatever mutes them; what is over opens none. Raises Unavailable."""
        ...
