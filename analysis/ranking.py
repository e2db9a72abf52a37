"""Ranks candidate causes, each a service and a kind of cause, without a model: every bit can be traced to a finding.

1. A finding gives a candidate at its service strength * weight bits. Weight: what the finding's `categories` say of the
   kind; UNKNOWN speaks for every kind at that service, with its own weight at least. `against` takes away likewise.
2. Symptoms count where they come from (see explaining.py): errors at a caller count for the callee in which its failing
   traces begin, a full pool counts for the lock behind which its sessions wait, a busy processor for the memory that
   rises with it, what waits at a service without processor time for its processor (starving.py), more lines for a load
   spike as far as requests rose as much. A change weighs at most what the trouble at its service does.
3. No finding has more than 6 bits (memory 1.5), however loud. Inside one source the best counts in full, the n-th
   after it 1/(4n): ten findings of one source are hardly more independent than one. Nor does a source give more than
   one finding may: a source that is wrong is wrong as a whole. A source that is louder than that is turned down as a
   whole, for all candidates alike: what it says of their order stays.
4. The score is the sum over sources, what speaks against subtracted. What of it speaks for this very kind, and not for
   any, is counted beside it (very_kind.py).

The order of findings does not matter, nor do their units.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from analysis.by_hand import by_hand
from analysis.calibration import place_confidence
from analysis.call_ends import end, end_said
from analysis.call_graph import call_graph
from analysis.confidence import Seen, confidence, seen
from analysis.explaining import (
    IMPACT,
    SURE,
    UNEXPLAINED,
    Evidence,
    changes_explain_trouble,
    demand_by_two_counters,
    evidence_of,
    explained_shares,
    locks_explain_pools,
    memory_explains_processors,
    move_to_callees,
)
from analysis.sentences import causal_chain, look_next, sentence
from analysis.starving import starving_explains_waiting
from analysis.unseen import said, sight
from analysis.very_kind import Shares, attested_by, bits_of_kind, own_shares
from domain.diagnosis import NAME_A_CAUSE_FROM, Contribution, Diagnosis, Hypothesis, Place
from domain.finding import Category, Finding, Source
from domain.question import Question

_MOST_OF_A_SOURCE = 6.0
# What was before is a hint; what is seen now decides. Otherwise one wrong diagnosis would breed the next.
_MOST_OF_MEMORY = 1.5
# A hundredth of a bit is no candidate.
_LEAST_SCORE = 0.01
_SHOWN = 5


@dataclass(frozen=True)
class _Scored:
    """A candidate with what each finding gave, in bits."""

    service: str
    category: Category
    gave: Shares

    @property
    def score(self) -> float:
        return sum(self.gave.values())


def rank(findings: Sequence[Finding], question: Question) -> Diagnosis:
    """The diagnosis: candidates best first, and how sure we are. Findings have their ids."""
    moved = move_to_callees(evidence_of(findings), explained_shares(findings), question.graph)
    waited_for = starving_explains_waiting(locks_explain_pools(moved, findings), findings)
    at_its_cause = memory_explains_processors(waited_for, findings)
    evidence = changes_explain_trouble(demand_by_two_counters(at_its_cause, findings), findings)
    by_id = {f.id: f for f in findings}
    ranked = _hypotheses(evidence, by_id)
    shown = tuple(_with_its_kind(h, evidence, by_id) for h in ranked[:_SHOWN])
    ranked = (*shown, *ranked[_SHOWN:])
    view = seen(findings, expected(question))
    places = _places(ranked, by_id, question)
    where = place_confidence(places)
    sure = confidence(ranked, _sources_for(ranked[0], by_id) if ranked else (), view, where)
    dark = (*said(ranked[0], findings), *end_said(ranked[0], findings, question.graph)) if ranked else ()
    return Diagnosis(
        hypotheses=shown,
        places=places,
        place_confidence=where,
        confidence=sure.value,
        confidence_reason="; ".join((sure.reason, *dark)),
        calibrated=True,
        attested_by=_attested_by(ranked[0], evidence, by_id) if ranked else None,
        causal_chain=causal_chain(ranked[0], findings) if ranked else (),
        not_seen=view.missing,
        look_next=_next(
            ranked, findings, view, question, sure.value, [f"{clause}; look there next" for clause in dark]
        ),
        graph=call_graph(question, findings, ranked[:_SHOWN]),
    )


def _places(ranked: Iterable[Hypothesis], by_id: Mapping[str, Finding], question: Question) -> tuple[Place, ...]:
    """Each service once, with its best hypothesis."""
    best: dict[str, Hypothesis] = {}
    for hypothesis in ranked:
        best.setdefault(hypothesis.service, hypothesis)
    return tuple(
        Place(
            service=service,
            score=h.score,
            sight=sight(h, by_id) * end(h, by_id, question.graph),
            symptom=max((_symptom(by_id[f]) for f in h.supporting), default=0.0),
        )
        for service, h in list(best.items())[:_SHOWN]
    )


def _symptom(finding: Finding) -> float:
    """The share of the alerted symptom that a metric's own shift explains, by how sure that shift is."""
    shares = [finding.facts.get(fact) for fact in (IMPACT, UNEXPLAINED, SURE)]
    known = [float(share) for share in shares if isinstance(share, int | float)]
    return math.prod(known) if len(known) == len(shares) else 0.0


def _next(
    ranked: Sequence[Hypothesis],
    findings: Sequence[Finding],
    view: Seen,
    question: Question,
    sure: float,
    unseen: Sequence[str],
) -> tuple[str, ...]:
    """What a person can do about a named cause, then where nobody could look; where none is named, where to look."""
    if sure < NAME_A_CAUSE_FROM:
        return (*unseen, *look_next(ranked, view, question))
    return (*by_hand(ranked[0], findings), *unseen)


def expected(question: Question) -> Iterable[Source]:
    """Sources that every answer needs; a database only where one is declared."""
    declared = any(question.graph.get(service).databases for service in question.services)
    return (Source.METRICS, Source.LOGS, Source.TRACES, *((Source.DATABASE,) if declared else ()))


def _hypotheses(evidence: Sequence[Evidence], by_id: Mapping[str, Finding]) -> tuple[Hypothesis, ...]:
    scored = _scored(_turned_down(evidence))
    likely = [s for s in scored if s.score >= _LEAST_SCORE]
    total = sum(s.score for s in likely)
    ranked = sorted(likely, key=lambda s: (-round(s.score, 9), s.category is Category.UNKNOWN, s.service, s.category))
    return tuple(_hypothesis(s, total, by_id) for s in ranked)


def _turned_down(evidence: Sequence[Evidence]) -> list[Evidence]:
    """The same evidence with no finding above what one may say; each source keeps its own order."""
    loudest: dict[Source, float] = {}
    for e in evidence:
        loudest[e.source] = max(loudest.get(e.source, 0.0), e.bits)
    scale = {source: min(1.0, _most(source) / most) for source, most in loudest.items() if most > 0}
    return [replace(e, bits=e.bits * scale.get(e.source, 1.0)) for e in evidence]


def _candidates(evidence: Iterable[Evidence]) -> list[tuple[str, Category]]:
    found = {(e.service, c) for e in evidence if e.service is not None for c, w in e.weights.items() if w > 0}
    return sorted(found)


def _scored(evidence: Sequence[Evidence]) -> list[_Scored]:
    candidates = _candidates(evidence)
    gave: dict[tuple[str, Category], dict[str, float]] = {candidate: {} for candidate in candidates}
    for source in Source:
        ours = [e for e in evidence if e.source is source]
        speaks_for = {c: _of_source(ours, c, _weights_for) for c in candidates}
        speaks_against = {c: _of_source(ours, c, _weights_against) for c in candidates}
        for sign, amounts in ((1.0, speaks_for), (-1.0, speaks_against)):
            scale = _scale(amounts.values(), source)
            for candidate, given in amounts.items():
                for finding, amount in given.items():
                    gave[candidate][finding] = gave[candidate].get(finding, 0.0) + sign * amount * scale
    return [_Scored(service, category, gave[service, category]) for service, category in candidates]


def _weights_for(evidence: Evidence) -> Mapping[Category, float]:
    return evidence.weights


def _weights_against(evidence: Evidence) -> Mapping[Category, float]:
    return evidence.against


def _weight(weights: Mapping[Category, float], category: Category) -> float:
    return max(weights.get(category, 0.0), weights.get(Category.UNKNOWN, 0.0))


def _most(source: Source) -> float:
    return _MOST_OF_MEMORY if source is Source.MEMORY else _MOST_OF_A_SOURCE


def _of_source(
    ours: Iterable[Evidence], candidate: tuple[str, Category], weights: Callable[[Evidence], Mapping[Category, float]]
) -> dict[str, float]:
    """What each finding of one source gives to a candidate, after diminishing returns."""
    service, category = candidate
    amounts: dict[str, float] = {}
    for e in ours:
        if e.service in (service, None):
            amounts[e.finding] = amounts.get(e.finding, 0.0) + e.bits * _weight(weights(e), category)
    ranked = sorted(((a, f) for f, a in amounts.items() if a > 0), key=lambda x: (-x[0], x[1]))
    return {finding: amount / (4 * n if n else 1) for n, (amount, finding) in enumerate(ranked)}


def _scale(given: Iterable[Shares], source: Source) -> float:
    """By how much a source is turned down, for all candidates alike, so that it gives none more than it may."""
    most = max((sum(amounts.values()) for amounts in given), default=0.0)
    return min(1.0, _most(source) / most) if most > 0 else 1.0


def _hypothesis(scored: _Scored, total: float, by_id: Mapping[str, Finding]) -> Hypothesis:
    contributions = [Contribution(finding=f, bits=round(b, 4)) for f, b in scored.gave.items() if round(b, 4) != 0]
    contributions.sort(key=lambda c: (-c.bits, c.finding))
    supporting = [by_id[c.finding] for c in contributions if c.bits > 0]
    return Hypothesis(
        service=scored.service,
        category=scored.category,
        sentence=sentence(scored.service, scored.category, supporting),
        score=scored.score,
        weight=scored.score / total,
        contributions=tuple(contributions),
    )


def _with_its_kind(known: Hypothesis, evidence: Sequence[Evidence], by_id: Mapping[str, Finding]) -> Hypothesis:
    """With what speaks for its very kind, which is asked of those that are shown and of no other."""
    own = own_shares(evidence, known.service, known.category)
    return known.model_copy(update={"of_kind": bits_of_kind(known, own, by_id)})


def _attested_by(first: Hypothesis, evidence: Sequence[Evidence], by_id: Mapping[str, Finding]) -> tuple[Source, ...]:
    return attested_by(first, own_shares(evidence, first.service, first.category), by_id)


def _sources_for(hypothesis: Hypothesis, by_id: Mapping[str, Finding]) -> tuple[Source, ...]:
    supporting = {by_id[finding].source for finding in hypothesis.supporting}
    return tuple(source for source in Source if source in supporting)
