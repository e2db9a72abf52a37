"""Findings from traces: where failures begin, what became slow, or that no request failed."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime

from activities import windows
from analysis import trace_evidence
from analysis.bits import ABSENT_BITS, Z0_COUNT, bits, count_z
from analysis.explaining import EXPLAINS, SPAN, WORDED
from analysis.freshness import STOPPED, freshness
from analysis.redaction import name as clean
from analysis.redaction import template as masked
from analysis.traces import Fate, Origin, edges, origins
from analysis.visits import slices
from analysis.waterfall import usual_durations, waterfall
from domain.exhibits import MOST_CALLS, Call, Waterfall
from domain.finding import Category, Finding, Presence, Source, Window, missing
from domain.question import Question
from integrations.ports import Span, Trace, TraceSource

_MOST_TRACES = 100
_SAMPLE = 10
_MOST_SERVICES = 4
_MOST_ORIGINS = 5
_MOST_BEHAVIOUR = 8
_LEAST_BITS = 0.5


class TraceAnswer:
    """Failing traces and a sample of all, around the onset and in the calm before.

    Asked for the services that were reported; what they call is in the same traces.
    """

    def __init__(self, traces: TraceSource, question: Question) -> None:
        self._traces = traces
        reported = {a.service for a in question.anomalies}
        asked = [s for s in question.services if s == question.primary or s in reported][:_MOST_SERVICES]
        self.services = tuple(asked)
        self.window = windows.asked(Source.TRACES, question)
        self.calm = windows.calm_traces(question)
        around = self._ask(self.window, errors_only=True)
        trouble, part = windows.trouble(Source.TRACES, question), windows.calm_part(Source.TRACES, question)
        self.failing = [t for t in around if _start(t) >= trouble.start]
        self.failing_before = [t for t in around if windows.within(_start(t), part)]
        self.failing_before += self._ask(self.calm, errors_only=True)
        self.scale = windows.seconds(trouble) / (windows.seconds(self.calm) + windows.seconds(part))
        self.now = self._ask(windows.since_onset(question), errors_only=False)
        self.before = self._ask(self.calm, errors_only=False)

    def findings(self) -> list[Finding]:
        """Origins and slow operations; or that no request failed; or that there is no trace at all."""
        found = [*self._origins(), *self._behaviour()]
        if found:
            return self._shown(found)
        if not (self.failing or self.now):
            return [missing(Source.TRACES, f"no trace of {self._names} in {windows.clock(self.window)}", self.window)]
        title = (
            f"{self._share_failing()} in {windows.clock(self.window)}, no more than before, "
            "and no operation became slower"
        )
        return [
            Finding(
                source=Source.TRACES,
                presence=Presence.ABSENT,
                kind="no_failing_traces",
                title=title,
                strength=ABSENT_BITS,
                against={Category.UNKNOWN: 1.0},
                window=self.window,
                query=self._query,
                calls=self._calls,
            )
        ]

    def content(self) -> dict[str, object]:
        """For the store: a sample of failing and of other traces, and who calls whom."""
        return {
            "failing": _sample(self.failing),
            "others": _sample(self.now),
            "calm": _sample(self.before),
            "edges": [vars(e) for e in edges([*self.failing, *self.now])],
        }

    @property
    def summary(self) -> str:
        return f"{len(self.failing)} failing traces of {self._names}, {windows.clock(self.window)}"

    def _ask(self, window: Window, *, errors_only: bool) -> list[Trace]:
        if window.end <= window.start:
            return []
        found: dict[str, Trace] = {}
        for service in self.services:
            for trace in self._traces.traces(service, window, _MOST_TRACES, errors_only=errors_only):
                found.setdefault(trace.trace_id, trace)
        return [trace for trace in found.values() if trace.spans]

    def _origins(self) -> list[Finding]:
        reporting = {s.service for t in (*self.before, *self.now, *self.failing) for s in t.spans}
        usual = Counter[tuple[str, str]]()
        for o in origins(self.failing_before, reporting):
            usual[o.service, o.operation] += len(o.traces)
        found = [
            self._of_origin(o, usual[o.service, o.operation] * self.scale)
            for o in origins(self.failing, reporting)[:_MOST_ORIGINS]
        ]
        return [f for f in found if f.strength >= _LEAST_BITS]

    def _of_origin(self, o: Origin, expected: float) -> Finding:
        count, first, last = len(o.traces), o.traces[0].at, o.traces[-1].at
        fresh = freshness(first, last, count, self.window.end)
        path = " > ".join(clean(service) for service in o.traces[-1].path)
        words = f": {masked(o.words)}" if o.words else ""
        stopped = f" (none since {last:%H:%M:%S} UTC)" if fresh == STOPPED else ""
        return Finding(
            source=Source.TRACES, kind="trace_origin", service=o.service,
            title=f"{count} failing traces ({o.share:.0%}) {_where(o)}{words}{stopped}",
            strength=bits(count_z(count, expected), Z0_COUNT) * fresh, value=o.share, baseline=expected, unit="share",
            onset=first,
            categories={**o.causes, Category.UNKNOWN: max(0.5, o.causes.get(Category.UNKNOWN, 0.0))},
            against=o.against,
            facts={
                "fate": o.fate.value, WORDED: bool(o.words), SPAN: clean(o.kind), "operation": masked(o.operation),
                "path": path, "traces": count, "trace_id": clean(o.traces[-1].trace_id),
                **({"peer": clean(o.peer)} if o.peer else {}),
                **{f"{EXPLAINS}{service}": share for service, share in o.explains.items()},
            },
            window=self.window, query=self._query, link=self._traces.link(o.traces[-1].trace_id),
        )  # fmt: skip

    def _behaviour(self) -> list[Finding]:
        """What services do otherwise than usual when they are visited, and where time was added."""
        found = trace_evidence.findings(slices(self.now), slices(self.before), self.window)
        return [f.model_copy(update={"query": self._query}) for f in found[:_MOST_BEHAVIOUR]]

    def _shown(self, found: Sequence[Finding]) -> list[Finding]:
        """With one request and who calls whom, on the strongest finding of which there is a request to show."""
        by_strength = sorted(found, key=lambda f: -f.strength)
        picture = next(((f, w) for f in by_strength if (w := self._waterfall(f)) is not None), (by_strength[0], None))
        more = {"waterfall": picture[1], "calls": self._calls}
        return [f.model_copy(update=more) if f is picture[0] else f for f in found]

    def _waterfall(self, finding: Finding) -> Waterfall | None:
        """The last request that failed there; of an operation that is slower the slowest of now."""
        usual = usual_durations(self.before)
        if finding.kind == "trace_origin":
            one = next((t for t in self.failing if clean(t.trace_id) == finding.facts.get("trace_id")), None)
            return waterfall(one, usual) if one is not None else None
        spans = [
            (s, t)
            for t in self.now
            for s in t.spans
            if s.service == finding.service and masked(s.operation) == finding.facts.get("operation")
        ]
        if not spans:
            return None
        slowest, trace = max(spans, key=lambda pair: (pair[0].duration_s, pair[1].trace_id))
        return waterfall(trace, usual, (slowest.service, slowest.operation))

    @property
    def _calls(self) -> tuple[Call, ...]:
        """Who calls whom as traces show it, calls of the services that were reported first, then failing ones. A call
        that failed is in both samples once.
        """
        traces = {t.trace_id: t for t in [*self.failing, *self.now]}
        seen = sorted(edges(traces.values()), key=lambda e: (e.caller not in self.services, -e.errors, -e.calls))
        return tuple(
            Call(caller=clean(e.caller), callee=clean(e.callee), calls=e.calls, failed=e.errors)
            for e in seen[:MOST_CALLS]
        )

    def _share_failing(self) -> str:
        return f"{len(self.failing)} failing requests of {self._names}"

    @property
    def _names(self) -> str:
        return ", ".join(clean(service) for service in self.services)

    @property
    def _query(self) -> str:
        return f"service in ({self._names}), error=true, limit {_MOST_TRACES}"


def _start(trace: Trace) -> datetime:
    return min(span.start for span in trace.spans)


def _sample(traces: Iterable[Trace]) -> list[dict[str, object]]:
    """A few traces for the store; what applications wrote into attributes is masked."""
    return [
        {"trace_id": t.trace_id, "spans": [_span(s) for s in sorted(t.spans, key=lambda s: s.start)]}
        for t in list(traces)[:_SAMPLE]
    ]


def _span(s: Span) -> dict[str, object]:
    dump: dict[str, object] = s.model_dump(mode="json")
    return {**dump, "attributes": {key: masked(value) for key, value in s.attributes.items()}}


def _where(o: Origin) -> str:
    """Where they begin, by what became of the call."""
    service, operation, peer = clean(o.service), masked(o.operation), clean(o.peer)
    match o.fate:
        case Fate.FAILED:
            return f"begin in {service}, {operation}"
        case Fate.UNANSWERED:
            return f"wait for {service}, of which nothing is seen ({operation})"
        case Fate.UNFINISHED:
            return f"end while {service} is at it ({operation})"
        case Fate.BETWEEN:
            return f"are lost between {service} and {peer}, which had done its part ({operation})"
