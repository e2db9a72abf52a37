"""From a case to a diagnosis, by the product's own analysis: findings, their ids, the ranking."""

from analysis import metric_evidence, trace_evidence
from analysis.metric_evidence import told
from analysis.ranking import rank
from domain.diagnosis import Diagnosis
from domain.finding import Finding, Window
from evals.diagnosis.case import Case

# As in the product's activities: less says nothing that a person should read.
_LEAST_BITS = 0.02


def diagnose(case: Case) -> tuple[tuple[Finding, ...], Diagnosis]:
    """What the product finds in a case, and what it says of it."""
    found = findings(case)
    return found, rank(found, case.question)


def findings(case: Case) -> tuple[Finding, ...]:
    """All findings of a case, with ids in the order in which sources are read."""
    window = Window(start=case.question.onset, end=case.question.now)
    metrics = [
        metric_evidence.finding(t, window)
        for t in told(case.measured, case.question.graph, case.alerted)
        if t.shift.strength >= _LEAST_BITS
    ]
    found = [*metrics, *trace_evidence.findings(case.present, case.calm, window), *case.told]
    return tuple(f.model_copy(update={"id": f"F{n}"}) for n, f in enumerate(found, start=1))
