"""What people may do to the grouping: put an incident into another one, or take services out of it."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Literal

from pydantic import AwareDatetime, Field

from domain.anomaly import Anomaly
from domain.command import CommandName
from domain.correlation import Link, OpenIncident, Relation
from domain.identity import group_key
from domain.model import Model
from domain.view import IncidentView

Regrouping = Literal[CommandName.MERGE, CommandName.SPLIT]
_EARLIEST = timedelta(days=1)


class Given(Model):
    """On whose word anomalies come from another incident. `key`: that one's workflow id.

    It comes by a signal, which anybody may send who can reach Temporal, so it proves nothing: whether the person's word
    was proven stands in the other incident's own records. `detected_at`: when their trouble was first known; the clock
    of whoever takes them counts from there, as far as that is believed (`believed`).
    """

    word: Regrouping
    incident: str = Field(max_length=100)
    key: str = Field(max_length=1_000)
    who: str = Field(max_length=300)
    why: str = Field(max_length=2_000)
    detected_at: AwareDatetime

    @property
    def split(self) -> bool:
        return self.word is CommandName.SPLIT

    @property
    def actor(self) -> str:
        """Who, as records keep it: what another incident tells is a claim, and is called one."""
        return f"{self.who} (as {self.incident} tells)"

    @property
    def words(self) -> str:
        done = "split from" if self.split else "merged in:"
        return f"{done} {self.incident} by {self.actor}: {self.why}"

    def believed(self, now: datetime) -> datetime:
        """When their trouble was first known, at most a day ago: what is older is overdue either way by the targets
        that come with the policy. The anomalies' own `starts_at` is no bound: the same signal brings them, and an alert
        that fires anew begins later than its trouble.
        """
        return max(self.detected_at, now - _EARLIEST)

    @property
    def link(self) -> Link:
        """How an incident that begins with them relates to the one that they come from."""
        return Link(relation=Relation.SPLIT, previous=self.incident, reason=self.words)


def taker(me: str, named: str, other: IncidentView | None, absorbed_by: OpenIncident | None) -> OpenIncident | str:
    """The open incident that may take over `me`, or what is against it.

    `absorbed_by`: by whom the store has just counted the other one as taken over, which its view may not show yet.
    """
    if named == me:
        return "an incident cannot be merged into itself"
    if other is None:
        return f"there is no incident {named[:40]!r}"
    into = other.merged_into or (absorbed_by.incident if absorbed_by is not None else None)
    if into == me:
        return f"{named} was merged into this one"
    if into is not None:
        return f"{named} was merged into {into}: merge it into that one"
    if other.state.closed:
        return f"{named} is over: {other.outcome}"
    return OpenIncident(
        incident=other.incident, key=other.key, services=other.services, onset=other.onset, opened_at=other.opened_at,
    )  # fmt: skip


def parting(anomalies: Collection[Anomaly], own: str, services: Iterable[str]) -> Mapping[str, str] | str:
    """The services that leave, by the key of the incident that each goes to; or what is against it.

    A service leaves with all its alerts: later ones go by its key, and so must those that are known. What has the
    incident's `own` key stays, as its later alerts come here.
    """
    known = {a.service: group_key(a) for a in anomalies}
    others = ", ".join(name for name, key in known.items() if key != own)
    leaving: dict[str, str] = {}
    for name in services:
        if name not in known:
            return f"{name[:60]!r} is no service of it: it has {', '.join(known)}"
        if known[name] == own:
            instead = f"; split off the others instead: {others}" if others else ", and there are no others"
            return f"{name} is what it is of, and its alerts come here{instead}"
        leaving[name] = known[name]
    if all(key in leaving.values() for key in known.values()):
        return "at least one alert has to stay"
    return leaving


def first_known(anomalies: Iterable[Anomaly], detected_at: datetime) -> datetime:
    """When the trouble of these was first known: not before the incident was that they were in, which was open at
    `detected_at`, and not before they began.
    """
    return max(detected_at, min((a.starts_at for a in anomalies), default=detected_at))
