"""A service without processor time is slow in all that it does: what it waits for is not to blame.

Its requests keep their connections for as long as they wait for the processor, so its pool runs out while the database
has room, each of its calls seems to take as long as it takes until it runs again, and its callers have no answer. That
is a symptom of the processor, by the share to which it was taken now and was not before. The other way round nothing is
moved: who waits for a lock, or for a connection, is idle. Nor are words that say that a callee is not there.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from analysis.bits import clipped
from analysis.explaining import Evidence, Weights
from analysis.traces import Fate
from domain.finding import Category, Finding, Presence, Source

FULL = "full"
"""A fact of a metric's finding: the share (0 to 1) of its limit that is taken, where a limit is known."""

UNASKED = "unasked:"
"""Prefix of the facts of a finding that says of several databases that they could not be asked: their services."""

_BUSY_FROM, _TAKEN_FROM = 0.5, 0.9
# What such a service says of itself. Its database, its changes and its past are seen from outside.
_ITS_OWN_WORDS = frozenset({Source.LOGS, Source.TRACES})


def starving_explains_waiting(evidence: Sequence[Evidence], findings: Sequence[Finding]) -> list[Evidence]:
    """Evidence of waiting, at services whose processor is taken, speaks for the processor instead.

    Share: clip((taken / limit - 0.5) / 0.4, 0, 1) clip((taken - usual) / taken, 0, 1). It is 0 where the service's
    database could not be asked, and where it says itself that its connections have run out or that sessions wait for a
    lock: then there may be something to wait for.
    """
    databases = [f for f in findings if f.source is Source.DATABASE]
    unasked = {service for f in databases if f.presence is Presence.MISSING for service in _whose(f)}
    if None in unasked:
        return list(evidence)  # no database could be
    taken, waiting = _taken(findings), unasked | {f.service for f in databases if f.categories and f.strength > 0}
    slow = {f.id for f in findings if f.kind == "slow_operation" or f.facts.get("fate") == Fate.UNANSWERED.value}
    return [
        e if e.service in waiting else replace(e, weights=_through(e, taken.get(e.service or "", 0.0), slow))
        for e in evidence
    ]


def _whose(gone: Finding) -> Iterable[str | None]:
    """The services of a database that could not be asked, or of several in one finding; None: of all."""
    several = [fact.removeprefix(UNASKED) for fact in gone.facts if fact.startswith(UNASKED)]
    return several or [gone.service]


def _taken(findings: Iterable[Finding]) -> dict[str, float]:
    shares: dict[str, float] = {}
    for f in findings:
        full = f.facts.get(FULL)
        if f.service and f.facts.get("metric") == "cpu" and isinstance(full, int | float) and f.value:
            risen = clipped((f.value - (f.baseline or 0.0)) / f.value)
            share = clipped((full - _BUSY_FROM) / (_TAKEN_FROM - _BUSY_FROM)) * risen
            shares[f.service] = max(shares.get(f.service, 0.0), share)
    return shares


def _through(item: Evidence, share: float, slow: Collection[str]) -> Weights:
    symptoms = (Category.CONNECTION_POOL, *([Category.DEPENDENCY] if item.finding in slow else ()))
    waits = {c: w for c in symptoms if (w := item.weights.get(c, 0.0)) > item.weights.get(Category.UNKNOWN, 0.0)}
    if share <= 0 or not waits or item.source not in _ITS_OWN_WORDS:
        return item.weights
    starves = max(item.weights.get(Category.CPU_SATURATION, 0.0), max(waits.values()) * share)
    return {**item.weights, **{c: w * (1 - share) for c, w in waits.items()}, Category.CPU_SATURATION: starves}
