"""Investigation: every source at once, each on its own clock; one that fails is a missing finding, and said."""

import asyncio
from collections.abc import Callable, Iterable
from datetime import timedelta

from temporalio import workflow
from temporalio.exceptions import ActivityError

with workflow.unsafe.imports_passed_through():
    from activities.diagnosis import DiagnosisActivities
    from activities.investigation import InvestigationActivities
    from domain.diagnosis import Diagnosis
    from domain.finding import Finding, Presence, Source, Window, missing
    from domain.question import Question, RankQuestion
    from domain.timeline import Kind
    from workflows import options
    from workflows.calls import reason
    from workflows.questions import question_of
    from workflows.record import Record

Look = Callable[[InvestigationActivities, Question], tuple[Finding, ...]]

SOURCES: tuple[tuple[Source, Look, str], ...] = (
    (Source.METRICS, InvestigationActivities.look_at_metrics, "ask metrics: errors, latency, load"),
    (Source.LOGS, InvestigationActivities.look_at_logs, "ask logs: new and bursting errors"),
    (Source.TRACES, InvestigationActivities.look_at_traces, "ask traces: where failures begin"),
    (Source.DATABASE, InvestigationActivities.look_at_databases, "ask databases: sessions and locks"),
    (Source.CHANGES, InvestigationActivities.look_at_changes, "ask Kubernetes: releases and restarts"),
)
# Memory is asked last: an incident is remembered by all of its symptoms, so it is looked up by all of them.
LAST: tuple[Source, Look, str] = (Source.MEMORY, InvestigationActivities.recall, "recall similar incidents")


async def investigate(record: Record) -> None:
    """Ask all sources in parallel, and memory with what they said.

    Findings appear as they arrive; ids are given in a fixed order at the end.
    """
    record.asked_at = workflow.now()
    question = question_of(record, record.asked_at)
    answers = await asyncio.gather(*(_ask(record, question, source, look, said) for source, look, said in SOURCES))
    found = tuple(finding for answer in answers for finding in answer)
    asked_last = question.model_copy(update={"found": found})
    remembered, record.failing_share = await asyncio.gather(_ask(record, asked_last, *LAST), _impact(question))
    record.findings = _numbered([*found, *remembered])
    record.reassess(workflow.now())
    record.changed(workflow.now())


async def diagnose(record: Record) -> Diagnosis:
    """Rank the causes. Ranking that fails is no cause named, which is a result that people are told."""
    asked = RankQuestion(question=question_of(record, workflow.now()), findings=record.findings)
    try:
        diagnosis = await workflow.execute_activity_method(
            DiagnosisActivities.rank, asked, summary="rank the causes", **options.RANK
        )
    except ActivityError as error:
        diagnosis = Diagnosis(confidence_reason=f"the ranking failed: {reason(error)}")
    record.diagnosis = diagnosis
    said = f"{diagnosis.cause} (confidence {diagnosis.confidence:.2f}, {diagnosis.word}): {diagnosis.confidence_reason}"
    record.note(workflow.now(), Kind.DIAGNOSIS, "root cause", said)
    return diagnosis


async def _ask(record: Record, question: Question, source: Source, look: Look, said: str) -> tuple[Finding, ...]:
    try:
        found = await workflow.execute_activity_method(look, question, summary=said, **options.INVESTIGATE)
    except ActivityError as error:
        found = (missing(source, reason(error), _window(question)),)
    _show(record, source, found)
    return found


def _show(record: Record, source: Source, found: tuple[Finding, ...]) -> None:
    """The strongest of a source goes to the timeline as soon as it is there."""
    telling = sorted(found, key=lambda f: -f.strength)[:2]
    for finding in telling:
        record.note(workflow.now(), Kind.FINDING, f"{source} analysis", finding.title)
    record.findings = _numbered([*(f for f in record.findings if f.source is not source), *found])


def _numbered(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Ids F1, F2 ... by source, strongest first; what is missing comes last in its source."""
    order = list(Source)
    ranked = sorted(
        findings, key=lambda f: (order.index(f.source), f.presence is Presence.MISSING, -f.strength, f.kind, f.title)
    )
    return tuple(finding.model_copy(update={"id": f"F{n}"}) for n, finding in enumerate(ranked, start=1))


async def _impact(question: Question) -> float | None:
    try:
        return await workflow.execute_activity_method(
            InvestigationActivities.measure_impact, question, summary="measure failing requests", **options.INVESTIGATE
        )
    except ActivityError as error:
        # Not measured is what the view says then; the metrics' own finding is missing with a reason of its own.
        workflow.logger.warning("impact was not measured: %s", reason(error))
        return None


def _window(question: Question) -> Window:
    return Window(start=question.onset - timedelta(minutes=10), end=max(question.now, question.onset))
