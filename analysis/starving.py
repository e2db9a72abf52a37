"""A service without processor time is slow in all that it does: what it waits for is not to blame.

Its requests keep their connections for as long as they wait for the processor, so its pool runs out while the database
has room, and each of its calls seems to take as long as it takes until it runs again. That is a symptom of the
processor, by the share to which that is taken. The other way round nothing is moved: who waits for a lock, or for a
connection, is idle.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from analysis.explaining import Evidence, Weights
from domain.finding import Category, Finding, Source

FULL = "full"
"""A fact of a metric's finding: the share (0 to 1) of its limit that is taken, where a limit is known."""

_BUSY_FROM, _TAKEN_FROM = 0.5, 0.9
_SYMPTOMS = (Category.CONNECTION_POOL, Category.DEPENDENCY)
# What such a service says of itself. Its database, its changes and its past are seen from outside.
_ITS_OWN_WORDS = frozenset({Source.LOGS, Source.TRACES})


def starving_explains_waiting(evidence: Sequence[Evidence], findings: Iterable[Finding]) -> list[Evidence]:
    """Evidence of waiting, at services whose processor is taken, speaks for the processor instead.

    Share: clip((taken / limit - 0.5) / 0.4, 0, 1), and 0 where the database itself says that its connections have run
    out or that sessions wait for a lock: then there is something to wait for.
    """
    found = tuple(findings)
    taken = _taken(found)
    waiting = {f.service for f in found if f.source is Source.DATABASE and f.categories and f.strength > 0}
    return [
        replace(e, weights=_through(e, taken.get(e.service or "", 0.0))) if e.service not in waiting else e
        for e in evidence
    ]


def _taken(findings: Iterable[Finding]) -> dict[str, float]:
    shares: dict[str, float] = {}
    for f in findings:
        full = f.facts.get(FULL)
        if f.service and f.facts.get("metric") == "cpu" and f.strength > 0 and isinstance(full, int | float):
            share = min(1.0, max(0.0, (full - _BUSY_FROM) / (_TAKEN_FROM - _BUSY_FROM)))
            shares[f.service] = max(shares.get(f.service, 0.0), share)
    return shares


def _through(item: Evidence, share: float) -> Weights:
    waits = {c: w for c in _SYMPTOMS if (w := item.weights.get(c, 0.0)) > item.weights.get(Category.UNKNOWN, 0.0)}
    if share <= 0 or not waits or item.source not in _ITS_OWN_WORDS:
        return item.weights
    starves = max(item.weights.get(Category.CPU_SATURATION, 0.0), max(waits.values()) * share)
    return {**item.weights, **{c: w * (1 - share) for c, w in waits.items()}, Category.CPU_SATURATION: starves}
