"""Investigation: each source is asked the same question and answers with findings."""

from collections.abc import Callable, Sequence
from functools import partial

from temporalio import activity

from activities import (
    change_findings,
    database_findings,
    marker_findings,
    metric_findings,
    metric_queries,
    recall_findings,
    windows,
)
from activities.bulk import kept, most_telling
from activities.errors import retry_only_what_helps
from activities.forest_findings import Forests
from activities.log_findings import LogAnswer
from activities.trace_findings import TraceAnswer
from analysis.bits import clipped
from domain.finding import Finding, Source, Window, missing
from domain.memory import symptoms_of
from domain.question import Question
from domain.services import Deployment, Expression
from integrations.ports import (
    ChangeSource,
    DatabaseSource,
    EvidenceStore,
    LogSource,
    Memory,
    MetricSource,
    Rejected,
    TraceSource,
    Unavailable,
)

_NOT_CONFIGURED = "not configured"
_NO_DEPLOYMENT = "no deployment is declared for these services"


class InvestigationActivities:
    """One activity per source. A source that is None is not configured, and says so in a finding.

    What a source refuses is a missing finding, since asking again would be refused again; a source that is away raises
    a retryable ApplicationError of type `Unavailable`. One query of metrics without an answer is missing too.
    """

    def __init__(
        self, metrics: MetricSource | None, logs: LogSource | None, traces: TraceSource | None,
        databases: DatabaseSource | None, changes: ChangeSource | None, memory: Memory | None,
        evidence: EvidenceStore | None, forests: Forests | None = None,
    ) -> None:  # fmt: skip
        self._metrics = metrics
        self._logs = logs
        self._traces = traces
        self._databases = databases
        self._changes = changes
        self._memory = memory
        self._evidence = evidence
        self._forests = forests

    @activity.defn
    @retry_only_what_helps
    def look_at_metrics(self, question: Question) -> tuple[Finding, ...]:
        """What moved in the harmful direction, by service and expression, and which services are calm; beside these,
        whether the metrics of a service are unusual together, where a forest was trained.
        """
        metrics, window = self._metrics, windows.metrics(question)
        if metrics is None:
            return (missing(Source.METRICS, _NOT_CONFIGURED, window),)
        answers = metric_queries.ask(metrics, question)
        found = metric_findings.findings_of(answers, metrics, question)
        content = {f"{a.service}: {a.query}": [s.model_dump(mode="json") for s in a.series] for a in answers}
        summary = f"{sum(len(a.series) for a in answers)} series of {len(answers)} queries, {windows.clock(window)}"
        together = self._forests.findings_of(answers, metrics, question) if self._forests is not None else ()
        return (*kept(self._evidence, found, content, summary), *together)

    @activity.defn
    @retry_only_what_helps
    def look_at_logs(self, question: Question) -> tuple[Finding, ...]:
        """New and bursting error templates and how much each service complains; or that nobody does."""
        logs, window = self._logs, windows.asked(Source.LOGS, question)
        if logs is None:
            return (missing(Source.LOGS, _NOT_CONFIGURED, window),)

        def look() -> tuple[Finding, ...]:
            answer = LogAnswer(logs, question)
            return kept(self._evidence, answer.findings(), answer.content(), answer.summary)

        return _or_refused(look, Source.LOGS, window)

    @activity.defn
    @retry_only_what_helps
    def look_at_traces(self, question: Question) -> tuple[Finding, ...]:
        """Where failing requests begin and which operations became slow; or that no request failed."""
        traces, window = self._traces, windows.asked(Source.TRACES, question)
        if traces is None:
            return (missing(Source.TRACES, _NOT_CONFIGURED, window),)

        def look() -> tuple[Finding, ...]:
            answer = TraceAnswer(traces, question)
            return kept(self._evidence, answer.findings(), answer.content(), answer.summary)

        return _or_refused(look, Source.TRACES, window)

    @activity.defn
    @retry_only_what_helps
    def look_at_databases(self, question: Question) -> tuple[Finding, ...]:
        """Sessions and locks of every database of the services, now. Services without a database give no finding; one
        that cannot be asked hides no other: it is missing by itself, once a retry would not help.
        """
        owned = [(service, d) for service in question.services for d in question.graph.get(service).databases]
        source, window = self._databases, Window(start=question.now, end=question.now)
        if not owned:
            return ()
        if source is None:
            return (missing(Source.DATABASE, _NOT_CONFIGURED, window),)
        answers = database_findings.asked(source, owned)
        away = [one.state for one in answers if isinstance(one.state, Unavailable)]
        if away and (len(away) == len(owned) or not _is_last_attempt()):
            raise away[0]
        found = database_findings.of_all(answers, window, source.query_text())
        content = database_findings.content(answers)
        return kept(self._evidence, found, content, f"sessions of {', '.join(d.name for _, d in owned)}")

    @activity.defn
    @retry_only_what_helps
    def look_at_changes(self, question: Question) -> tuple[Finding, ...]:
        """Releases, configuration and restarts of every deployment of the services, from an hour before the onset; of
        services without one what they say of themselves, where markers are declared.
        """
        declared = [(s, d) for s in question.services if (d := question.graph.get(s).deployment) is not None]
        found = self._marked(question)
        source, window = self._changes, windows.changes(question)
        if source is None and (declared or not found):
            return (*found, missing(Source.CHANGES, _NOT_CONFIGURED, window))
        if source is None or not declared:
            return tuple(found) or (missing(Source.CHANGES, _NO_DEPLOYMENT, window),)
        content: dict[str, object] = {}
        for service, deployment in declared:
            look = _changes_of(source, service, deployment, question, content)
            found.extend(_or_refused(look, Source.CHANGES, window))
        return kept(self._evidence, found, content, f"changes of {', '.join(d.target for _, d in declared)}")

    def _marked(self, question: Question) -> list[Finding]:
        metrics, window = self._metrics, windows.changes(question)
        if metrics is None or not question.graph.markers:
            return []
        found: list[Finding] = []
        for service in (s for s in question.services if question.graph.get(s).deployment is None):
            look = partial(marker_findings.findings_of, service, metrics, question)
            found.extend(_or_refused(look, Source.CHANGES, window))
        return found

    @activity.defn
    @retry_only_what_helps
    def recall(self, question: Question) -> tuple[Finding, ...]:
        """The past incidents that look most alike."""
        memory, window = self._memory, Window(start=question.now, end=question.now)
        if memory is None:
            return (missing(Source.MEMORY, _NOT_CONFIGURED, window),)
        symptoms = symptoms_of(question.anomalies, question.found)

        def look() -> tuple[Finding, ...]:
            similar = tuple(memory.similar(symptoms, recall_findings.LIMIT, exclude=question.incident))
            return most_telling(recall_findings.findings_of(similar, question, symptoms))

        return _or_refused(look, Source.MEMORY, window)

    @activity.defn
    @retry_only_what_helps
    def measure_impact(self, question: Question) -> float | None:
        """The failing share (0 to 1) of requests to the user-facing services that this concerns, since the onset and
        at most over the last two minutes.

        The worst of them where there are several; None where nobody could measure it.
        """
        metrics = self._metrics
        if metrics is None:
            return None
        shares = [_failing_share(metrics, question, service) for service in _front(question)]
        return max((share for share in shares if share is not None), default=None)


def _or_refused(look: Callable[[], Sequence[Finding]], source: Source, window: Window) -> tuple[Finding, ...]:
    try:
        return tuple(look())
    except Rejected as error:
        return (missing(source, f"refused: {str(error)[:300]}", window),)


def _is_last_attempt() -> bool:
    """Will Temporal not ask again? Outside of an activity nobody does."""
    if not activity.in_activity():
        return True
    now = activity.info()
    return now.retry_policy is None or 0 < now.retry_policy.maximum_attempts <= now.attempt


def _changes_of(
    source: ChangeSource, service: str, deployment: Deployment, question: Question, content: dict[str, object]
) -> Callable[[], Sequence[Finding]]:
    def look() -> Sequence[Finding]:
        seen = source.changes(deployment, windows.changes(question))
        content[deployment.target] = seen.model_dump(mode="json")
        return change_findings.findings_of(service, deployment, seen, question, source.query_text(deployment))

    return look


def _front(question: Question) -> list[str]:
    """User-facing services among those asked about, and those that depend on one of them."""
    asked = set(question.services)
    return [
        s.name
        for s in question.graph.services
        if s.user_facing and (s.name in asked or asked & set(question.graph.callees(s.name)))
    ]


def _failing_share(metrics: MetricSource, question: Question, service: str) -> float | None:
    expression = next((e for e in question.graph.expressions_of(service) if e.kind == "errors"), None)
    if expression is None:
        return None
    try:
        shares = (_share_over(metrics, expression, service, range_s) for range_s in windows.impact_ranges_s(question))
        return next((share for share in shares if share is not None), None)
    except Rejected:
        # Not measured is the answer then; the reason stands in the metrics' own finding.
        return None


def _share_over(metrics: MetricSource, expression: Expression, service: str, range_s: int) -> float | None:
    values = metrics.query(metric_queries.filled(expression.query, service, f"{range_s}s"))
    return max((clipped(v.value) for v in values if v.value is not None), default=None)
