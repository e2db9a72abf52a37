"""Investigation: each source is asked the same question and answers with findings."""

from temporalio import activity

from domain.finding import Finding
from domain.question import Question
from integrations.ports import DatabaseSource, EvidenceStore, LogSource, Memory, MetricSource, TraceSource


class InvestigationActivities:
    """One activity per source. A source that is None is not configured, and says so in a finding."""

    def __init__(
        self, metrics: MetricSource | None, logs: LogSource | None, traces: TraceSource | None,
        databases: DatabaseSource | None, memory: Memory | None, evidence: EvidenceStore | None,
    ) -> None:  # fmt: skip
        self._metrics = metrics
        self._logs = logs
        self._traces = traces
        self._databases = databases
        self._memory = memory
        self._evidence = evidence

    @activity.defn
    def look_at_metrics(self, question: Question) -> tuple[Finding, ...]:
        raise NotImplementedError

    @activity.defn
    def look_at_logs(self, question: Question) -> tuple[Finding, ...]:
        raise NotImplementedError

    @activity.defn
    def look_at_traces(self, question: Question) -> tuple[Finding, ...]:
        raise NotImplementedError

    @activity.defn
    def look_at_databases(self, question: Question) -> tuple[Finding, ...]:
        raise NotImplementedError

    @activity.defn
    def recall(self, question: Question) -> tuple[Finding, ...]:
        raise NotImplementedError

    @activity.defn
    def measure_impact(self, question: Question) -> float | None:
        raise NotImplementedError
