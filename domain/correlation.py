"""Which incident does trouble belong to: joining, merging with a neighbour, and a new run after a closed one."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from pydantic import AwareDatetime

from domain.incident import Outcome
from domain.model import Model
from domain.services import ServiceMap

SAME_EPISODE = timedelta(minutes=15)
"""A series seen again within this long of its last sighting is the same trouble (spec section 2)."""


class OpenIncident(Model):
    """An open incident as others see it when they ask whether they belong to it."""

    incident: str
    key: str
    services: tuple[str, ...]
    onset: AwareDatetime
    opened_at: AwareDatetime


class Previous(Model):
    """The last closed incident of the same key."""

    incident: str
    outcome: Outcome
    last_seen: AwareDatetime
    closed_at: AwareDatetime
    severity_rank: int


class Relation(StrEnum):
    NEW = "new"
    RECURRENCE = "recurrence"
    CONTINUATION = "continuation"
    SUPPRESSED = "suppressed"


class Link(Model):
    """How a new incident relates to the one before it under the same key."""

    relation: Relation
    previous: str | None = None
    reason: str


def survivor(
    services: Sequence[str], onset: datetime, opened_at: datetime, others: Sequence[OpenIncident],
    graph: ServiceMap, within: timedelta,
) -> OpenIncident | None:  # fmt: skip
    """The incident that absorbs this one: the oldest that opened earlier, covers a neighbour, and began close to it.

    An incident that is equally old wins by its key, so that of two that ask about each other one survives.
    """
    close = [
        other
        for other in others
        if opened_at - other.opened_at <= within
        and abs(onset - other.onset) <= within
        and _adjacent(services, other.services, graph)
    ]
    return min(close, key=lambda o: (o.opened_at, o.key), default=None)


def _adjacent(ours: Sequence[str], theirs: Sequence[str], graph: ServiceMap) -> bool:
    """Some service of one calls some service of the other; a hub that is only in between connects nobody."""
    return any(mine in graph.neighbours(other) or mine == other for mine in ours for other in theirs)


def link_to(previous: Previous | None, now: datetime, severity_rank: int) -> Link:
    """What a new run under an old key is: recurrence, continuation, suppressed, or simply new."""
    if previous is None or now - previous.last_seen > SAME_EPISODE:
        return Link(relation=Relation.NEW, reason="no incident of this service within 15 minutes")
    said = f"{previous.incident} ended as {previous.outcome}"
    match previous.outcome:
        case Outcome.AUTO_RESOLVED | Outcome.SELF_RESOLVED:
            relation = Relation.RECURRENCE
        case Outcome.FALSE_POSITIVE:
            return _after_false_positive(previous, now, severity_rank)
        case _:
            relation = Relation.CONTINUATION
    return Link(relation=relation, previous=previous.incident, reason=f"{said} and the trouble is back")


def _after_false_positive(previous: Previous, now: datetime, severity_rank: int) -> Link:
    """Counted from the mark, never renewed by sightings; something worse than what was marked still opens."""
    fresh = now - previous.closed_at <= SAME_EPISODE
    if fresh and severity_rank <= previous.severity_rank:
        reason = f"{previous.incident} was marked a false positive within 15 minutes"
        return Link(relation=Relation.SUPPRESSED, previous=previous.incident, reason=reason)
    return Link(relation=Relation.NEW, previous=previous.incident, reason="worse than what was marked false")
