"""Who calls whom around the trouble: what is declared, and what traces show."""

from collections.abc import Iterable, Mapping, Sequence

from domain.diagnosis import Hypothesis
from domain.exhibits import MOST_CALLS, MOST_SERVICES, Call, CallGraph
from domain.finding import Finding
from domain.question import Question

_Pairs = Mapping[tuple[str, str], Call]


def call_graph(question: Question, findings: Iterable[Finding], suspects: Sequence[Hypothesis]) -> CallGraph:
    """At most 12 services: those suspected, those alerted, those asked about, then their neighbours."""
    calls = _calls(question, findings)
    first = [h.service for h in suspects] + [a.service for a in question.anomalies] + [*question.services]
    linked = [name for pair in calls for name in pair]
    core = {name for name in first if name in linked}
    near = [name for pair in calls if core & {*pair} for name in pair]
    wanted = dict.fromkeys([*(name for name in first if name in core), *near])
    shown = {*list(wanted)[:MOST_SERVICES]}
    kept = [call for pair, call in calls.items() if {*pair} <= shown]
    kept.sort(key=lambda call: (-call.failed, -(call.calls or 0)))
    return CallGraph(calls=tuple(kept[:MOST_CALLS]), left_out=len(wanted) - len(shown))


def _calls(question: Question, findings: Iterable[Finding]) -> _Pairs:
    """By caller and callee, what is declared first. What traces saw of a declared call is its number."""
    declared = ((s.name, needed) for s in question.graph.services for needed in s.depends_on)
    seen = {(c.caller, c.callee): c for finding in findings for c in finding.calls}
    return {pair: Call(caller=pair[0], callee=pair[1]) for pair in declared} | seen
