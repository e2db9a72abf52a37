"""Which end of a call goes wrong, only traces see: that what a service calls does not answer is in its own lines and
measures, whether it waits for good reason or not.

So half of what lines and measures say of such a cause is doubted where no trace tells of the service's calls: as traces
could not be asked, or as those that came hold none of them (sampled away, or a service that writes none).
"""

from collections.abc import Collection, Iterable, Mapping

from analysis.explaining import SPAN
from analysis.redaction import name
from analysis.traces import CALL, Fate
from domain.diagnosis import Hypothesis
from domain.finding import Category, Finding, Source
from domain.services import ServiceMap

# As likely there as in what it calls.
_OF_TWO_ENDS = 0.5
_OF_A_CALL = frozenset({Category.DEPENDENCY, Category.NETWORK})
_SEES_ONE_END = frozenset({Source.METRICS, Source.LOGS})
_TIMED = frozenset({"slow_operation", "slow_edge"})
_SAID = 3


def end(hypothesis: Hypothesis, by_id: Mapping[str, Finding], graph: ServiceMap) -> float:
    """The share (0 to 1) of the confidence in its place that is left because nobody sees which end of a call it is."""
    if not _end_unseen(hypothesis, by_id.values(), graph):
        return 1.0
    gave = [(c.bits, by_id[c.finding].source) for c in hypothesis.contributions if c.bits > 0]
    total = sum(bits for bits, _ in gave)
    doubted = sum(bits for bits, source in gave if source in _SEES_ONE_END)
    return 1 - (1 - _OF_TWO_ENDS) * doubted / total if total > 0 else 1.0


def end_said(hypothesis: Hypothesis, findings: Iterable[Finding], graph: ServiceMap) -> tuple[str, ...]:
    """That in a clause, where it is so."""
    if not _end_unseen(hypothesis, findings, graph):
        return ()
    called = " or ".join(name(callee) for callee in graph.get(hypothesis.service).depends_on[:_SAID])
    service = name(hypothesis.service)
    return (f"without a trace of its calls nobody sees whether it is {service} or what it calls, {called}",)


def _end_unseen(hypothesis: Hypothesis, findings: Iterable[Finding], graph: ServiceMap) -> bool:
    service, callees = hypothesis.service, graph.get(hypothesis.service).depends_on
    if hypothesis.category not in _OF_A_CALL or not callees:
        return False
    return not any(f.source is Source.TRACES and _tells_of_calls(f, service, callees) for f in findings)


def _tells_of_calls(finding: Finding, service: str, callees: Collection[str]) -> bool:
    """One of its calls in what shows who calls whom, that fails there, or that takes long. That it was seen as who is
    called is nothing, nor are its words.
    """
    if any(call.caller == service and call.callee in callees for call in finding.calls):
        return True
    if finding.service != service:
        return False
    if finding.kind == "trace_origin":
        return finding.facts.get("fate") == Fate.BETWEEN.value or finding.facts.get(SPAN) == CALL
    any_kind = finding.categories.get(Category.UNKNOWN, 0.0)
    return finding.kind in _TIMED and any(finding.categories.get(kind, 0.0) > any_kind for kind in _OF_A_CALL)
