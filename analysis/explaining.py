"""What is a symptom of something else: a failing callee explains its callers, a held lock explains a full pool, and a
change explains the trouble at its service.

Evidence is moved, never doubled: what counts for the callee counts for its caller no more.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from analysis.bits import clipped
from domain.finding import Category, Finding, Presence, Source
from domain.services import ServiceMap

Weights = Mapping[Category, float]

EXPLAINS = "explains:"
"""Prefix of a trace finding's facts: the share (0 to 1) of a caller's failing traces that begin in its service."""

UNEXPLAINED = "unexplained"
"""A fact of a metric's finding: the share (0 to 1) of its shift that no callee explains. Where it stands the callees
have been asked in the metric's own unit, and the shift is moved no further.
"""

IMPACT = "impact"
"""A fact of a metric's finding: the share (0 to 1) of the alerted symptom that the shift can have caused. Only where it
is known which measure was alerted.
"""

SURE = "sure"
"""A fact of a metric's finding: how sure (0 to 1) its shift is, beside the impact."""

SPAN = "span"
"""A fact of the origin of failing traces: the kind of the span in which they begin, such as *client* or *server*."""

WORDED = "worded"
"""A fact of the origin of failing traces: did the error come with words?"""

MORE_LINES = "more_lines"
"""Kind of a finding of logs: a service at the door writes its usual lines more often (demand.py)."""

# What people or machines do to a service, as against what happens to it.
_MADE = frozenset({"rollout", "config"})
# Without traces a callee may explain this much of its caller's trouble: both fail, and the map says who calls whom.
_WITHOUT_TRACES = 0.8
# Bits of a memory that is somewhat above its calm: five scales.
_LITTLE_MEMORY = 1.0
_MOVES = frozenset({Source.METRICS, Source.LOGS})
_CAUSED_BY_CALLEES = frozenset({Category.UNKNOWN, Category.DEPENDENCY})


@dataclass(frozen=True)
class Evidence:
    """One finding as it counts at one service (None: everywhere): bits, and weights for and against."""

    finding: str
    source: Source
    service: str | None
    bits: float
    weights: Weights
    against: Weights
    settled: bool = False
    """Its own callees have been asked already: what is left of it is its own."""

    @property
    def size(self) -> float:
        """The most that it says for anything, in bits."""
        return self.bits * max(self.weights.values(), default=0.0)

    @property
    def symptom(self) -> bool:
        """May a failing callee have caused it? Words that name a cause, and a service that is down, are none."""
        return (
            self.source in _MOVES
            and self.service is not None
            and not self.settled
            and bool(self.weights)
            and all(c in _CAUSED_BY_CALLEES and w < 1 for c, w in self.weights.items())
        )


def evidence_of(findings: Iterable[Finding]) -> list[Evidence]:
    """Everything that says something; missing sources say nothing."""
    telling = (f for f in findings if f.presence is not Presence.MISSING and f.strength > 0)
    return [
        Evidence(f.id, f.source, f.service, f.strength, f.categories, f.against, UNEXPLAINED in f.facts)
        for f in telling
    ]


def explained_shares(findings: Iterable[Finding]) -> dict[str, dict[str, float]]:
    """From failing traces: caller -> {service in which its failures begin: share}. An origin explains itself."""
    shares: dict[str, dict[str, float]] = {}
    for finding in findings:
        if finding.kind != "trace_origin" or finding.service is None:
            continue
        shares.setdefault(finding.service, {})
        for fact, share in finding.facts.items():
            if fact.startswith(EXPLAINS) and isinstance(share, int | float):
                known = shares.setdefault(fact.removeprefix(EXPLAINS), {})
                known[finding.service] = max(known.get(finding.service, 0.0), min(1.0, float(share)))
    return shares


def move_to_callees(
    evidence: Sequence[Evidence], shares: Mapping[str, Mapping[str, float]], graph: ServiceMap
) -> list[Evidence]:
    """Move symptoms down to the services that explain them, callers first, so that they go all the way."""
    items = list(evidence)
    services = {e.service for e in items if e.service is not None}
    for caller in sorted(services, key=lambda s: (-len(graph.callees(s)), s)):
        share = _shares_of(caller, items, shares, graph)
        if share:
            items = [part for item in items for part in _split(item, caller, share)]
    return items


def locks_explain_pools(evidence: Sequence[Evidence], findings: Iterable[Finding]) -> list[Evidence]:
    """A pool full of sessions that wait for a lock is a symptom of the lock: that share of it speaks for DEPENDENCY.

    The share is what the database says: waiting sessions of all sessions in use.
    """
    waiting = _waiting_shares(findings)
    return [replace(e, weights=_through_lock(e, waiting.get(e.service or "", 0.0))) for e in evidence]


def memory_explains_processors(evidence: Sequence[Evidence], findings: Iterable[Finding]) -> list[Evidence]:
    """A busy processor at a service whose memory left its calm is a symptom of the memory: it works for what it takes
    and for giving it back. A busy processor takes no memory, so never the other way.

    The share is clip(2 (bits of the memory - 1), 0, 1): what is little more than usual explains nothing, however busy
    the processor is; a cache that fills, or what more requests need, is that much.
    """
    leaking: dict[str, float] = {}
    for f in findings:
        if f.kind == "metric_shift" and f.service and f.facts.get("metric") == "memory":
            own = clipped(2 * (f.strength - _LITTLE_MEMORY))
            leaking[f.service] = max(leaking.get(f.service, 0.0), own)
    return [replace(e, weights=_through_memory(e, leaking.get(e.service or "", 0.0))) for e in evidence]


def demand_by_two_counters(evidence: Sequence[Evidence], findings: Sequence[Finding]) -> list[Evidence]:
    """More of the usual lines speak for a load spike as far as the count of requests rose by the same factor there, and
    by that share the requests speak for it in full: more load alone may be harmless, or a counter that is wrong.

    The share is the smaller rise of both by the larger, for the counter that agrees best: who is overloaded answers
    less than it receives, and writes its lines when it answers.
    """
    lines, requests = ({f.id: f for f in findings if counts(f)} for counts in (_counts_lines, _counts_requests))
    by_lines, by_requests = _rises(lines.values()), _rises(requests.values())
    agreed = {
        service: max(min(a, b) / max(a, b) for a in by_lines[service] for b in by_requests[service])
        for service in by_lines.keys() & by_requests.keys()
    }
    return [
        _attested(e, agreed.get(e.service or "", 0.0)) if e.finding in lines or e.finding in requests else e
        for e in evidence
    ]


def changes_explain_trouble(evidence: Sequence[Evidence], findings: Iterable[Finding]) -> list[Evidence]:
    """A release or new configuration weighs at most what the trouble at its service does that it would explain.

    Where nothing is wrong it explains nothing, however shortly before it came.
    """
    made = {f.id for f in findings if f.kind in _MADE}
    return [
        replace(e, bits=min(e.bits, _size(e.service or "", evidence))) if e.finding in made else e for e in evidence
    ]


def _shares_of(
    caller: str, items: Sequence[Evidence], shares: Mapping[str, Mapping[str, float]], graph: ServiceMap
) -> dict[str, float]:
    known = shares.get(caller)
    if known is not None:
        total = max(1.0, sum(known.values()))
        return {service: share / total for service, share in known.items() if share > 0 and service != caller}
    own = _size(caller, items)
    sizes = {c: size for c in graph.get(caller).depends_on if (size := _size(c, items)) > 0}
    if not sizes or own <= 0:
        return {}
    explained = _WITHOUT_TRACES * min(1.0, max(sizes.values()) / own)
    return {callee: explained * size / sum(sizes.values()) for callee, size in sizes.items()}


def _size(service: str, items: Sequence[Evidence]) -> float:
    """How loud its trouble is. A change is no trouble by itself, and what was before is none of today's."""
    ours = (e for e in items if e.service == service and e.source not in {Source.MEMORY, Source.CHANGES})
    return max((e.size for e in ours), default=0.0)


def _split(item: Evidence, caller: str, shares: Mapping[str, float]) -> list[Evidence]:
    """What stays with the caller, and for each callee its share, as trouble of whatever kind."""
    if item.service != caller or not item.symptom:
        return [item]
    left = max(0.0, 1.0 - sum(shares.values()))
    stays = replace(item, weights={c: w * left for c, w in item.weights.items()})
    most = max(item.weights.values())
    moved = [
        replace(item, service=callee, weights={Category.UNKNOWN: most * share}, against={})
        for callee, share in sorted(shares.items())
    ]
    return [stays, *moved]


def _waiting_shares(findings: Iterable[Finding]) -> dict[str, float]:
    shares: dict[str, float] = {}
    for finding in findings:
        share = finding.facts.get("share")
        if finding.kind == "blocked_sessions" and finding.service and isinstance(share, int | float):
            shares[finding.service] = max(shares.get(finding.service, 0.0), min(1.0, float(share)))
    return shares


def _counts_lines(finding: Finding) -> bool:
    return finding.kind == MORE_LINES


def _counts_requests(finding: Finding) -> bool:
    return finding.kind == "metric_shift" and finding.facts.get("metric") == "load"


def _rises(findings: Iterable[Finding]) -> dict[str, list[float]]:
    """Service -> by how much more than usual it is asked (1: twice as often) as each counter says, where it is."""
    rises: dict[str, list[float]] = {}
    for f in findings:
        if f.service and f.value is not None and f.baseline and f.value > f.baseline:
            rises.setdefault(f.service, []).append(f.value / f.baseline - 1)
    return rises


def _attested(item: Evidence, share: float) -> Evidence:
    spike = item.weights.get(Category.LOAD_SPIKE, 0.0)
    if item.source is Source.METRICS:
        return replace(item, weights={**item.weights, Category.LOAD_SPIKE: spike + (1 - spike) * share})
    return replace(item, bits=item.bits * share)


def _through_memory(item: Evidence, share: float) -> Weights:
    busy = item.weights.get(Category.CPU_SATURATION, 0.0)
    if share <= 0 or busy <= 0 or item.source is not Source.METRICS:
        return item.weights
    takes = max(item.weights.get(Category.MEMORY_LEAK, 0.0), busy * share)
    return {**item.weights, Category.CPU_SATURATION: busy * (1 - share), Category.MEMORY_LEAK: takes}


def _through_lock(item: Evidence, share: float) -> Weights:
    pool = item.weights.get(Category.CONNECTION_POOL, 0.0)
    if share <= 0 or pool <= 0 or item.source is Source.MEMORY:
        return item.weights
    waits = max(item.weights.get(Category.DEPENDENCY, 0.0), pool * share)
    return {**item.weights, Category.CONNECTION_POOL: pool * (1 - share), Category.DEPENDENCY: waits}
