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
    """An open incident as others see it when they ask whether they belong to it.

    `apart`: keys of incidents that a person split from it, or it from them: only a person puts them together again.
    """

    incident: str
    key: str
    services: tuple[str, ...]
    onset: AwareDatetime
    opened_at: AwareDatetime
    apart: tuple[str, ...] = ()


class Previous(Model):
    """The last closed incident of the same key. A merged one names its survivor: `merged_key` is its workflow id.

    `last_seen` is when its trouble was last seen or watched for.
    """

    incident: str
    outcome: Outcome
    last_seen: AwareDatetime
    closed_at: AwareDatetime
    severity_rank: int
    merged_into: str | None = None
    merged_key: str | None = None


class Relation(StrEnum):
    """JOINS: it belongs to the survivor of a merge. SUPPRESSED: it was marked a false positive, nothing is opened.
    SPLIT: a person took its alerts out of another incident.
    """

    NEW = "new"
    RECURRENCE = "recurrence"
    CONTINUATION = "continuation"
    JOINS = "joins"
    SUPPRESSED = "suppressed"
    SPLIT = "split"


class Link(Model):
    """How a new incident relates to the one before it under the same key.

    `previous` is that incident's id, or the survivor's where it was merged; then `key` is the survivor's workflow id.
    `mark` is what a person marked a false positive: it is handed on, so that sightings never renew it.
    """

    relation: Relation
    previous: str | None = None
    reason: str
    key: str | None = None
    mark: Previous | None = None


def survivor(
    me: OpenIncident, others: Sequence[OpenIncident], graph: ServiceMap, within: timedelta
) -> OpenIncident | None:
    """The incident that absorbs this one: the oldest that covers a neighbour, opened and began close to it.

    `others` are those that asked before and stand for themselves. As they ask one after the other (under a lock),
    of two that ask about each other the first finds nobody and survives. Of two equally old ones the key decides.
    """
    close = [
        other
        for other in others
        if abs(me.opened_at - other.opened_at) <= within
        and abs(me.onset - other.onset) <= within
        and _adjacent(me.services, other.services, graph)
        and other.key not in me.apart
        and me.key not in other.apart
    ]
    return min(close, key=lambda o: (o.opened_at, o.key), default=None)


def _adjacent(ours: Sequence[str], theirs: Sequence[str], graph: ServiceMap) -> bool:
    """They share a service, or one of one calls one of the other."""
    if set(ours) & set(theirs):
        return True
    near, far = _edge(ours, graph), _edge(theirs, graph)
    return any(mine in graph.neighbours(other) for mine in near for other in far)


def _edge(services: Sequence[str], graph: ServiceMap) -> tuple[str, ...]:
    """The services by which an incident touches others. A hub does so only while it is in trouble alone: once a
    neighbour of it is in trouble too, everything else that it calls would be drawn in.
    """
    inner = tuple(name for name in services if not graph.get(name).hub)
    return inner or tuple(services)


def link_to(previous: Previous | None, now: datetime, severity_rank: int) -> Link:
    """What a new run under an old key is: recurrence, continuation, suppressed, or simply new."""
    if previous is not None and previous.outcome is Outcome.FALSE_POSITIVE:
        return _after_false_positive(previous, now, severity_rank)
    if previous is None or now - previous.last_seen > SAME_EPISODE:
        return Link(relation=Relation.NEW, reason="no incident of this service within 15 minutes")
    said = f"{previous.incident} ended as {previous.outcome} and the trouble is back"
    match previous.outcome:
        case Outcome.AUTO_RESOLVED | Outcome.SELF_RESOLVED:
            return Link(relation=Relation.RECURRENCE, previous=previous.incident, reason=said)
        case Outcome.MERGED if previous.merged_key is not None:
            reason = f"{previous.incident} was merged into {previous.merged_into}"
            return Link(relation=Relation.JOINS, previous=previous.merged_into, key=previous.merged_key, reason=reason)
        case _:
            return Link(relation=Relation.CONTINUATION, previous=previous.incident, reason=said)


def _after_false_positive(previous: Previous, now: datetime, severity_rank: int) -> Link:
    """Counted from the mark, never renewed by sightings; something worse than what was marked still opens."""
    if now - previous.closed_at > SAME_EPISODE:
        return Link(relation=Relation.NEW, reason="the last one was marked a false positive over 15 minutes ago")
    if severity_rank > previous.severity_rank:
        reason = f"worse than {previous.incident}, which was marked a false positive"
        return Link(relation=Relation.NEW, previous=previous.incident, reason=reason)
    reason = f"{previous.incident} was marked a false positive within 15 minutes"
    return Link(relation=Relation.SUPPRESSED, previous=previous.incident, reason=reason, mark=previous)
