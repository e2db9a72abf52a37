"""Findings of the forest: are the metrics of a service, or of several, unusual together? Evidence for people, without
any weight.

It decides nothing: alone it is wrong too often to open an incident or to name a cause (docs/detection.md), so its
strength is 0. It is asked in a process of its own and waited for a short while only.
"""

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future
from concurrent.futures import TimeoutError as TooLate
from datetime import UTC, datetime
from time import monotonic

from activities import windows
from activities.metric_queries import Asked
from activities.training.pool import pool
from analysis.forest.fitting import Verdict, judge
from analysis.forest.matrix import Times
from analysis.forest.moments import Absent, Moments, Points, moments
from analysis.forest.sealing import Matrix, Refused, opened
from analysis.forest.wording import absent_sentence, group_sentence, named, sentence
from analysis.redaction import name as clean
from analysis.series import Floats
from domain.detection import series_key
from domain.finding import Finding, Presence, Source, missing
from domain.forest import Forest, group_of
from domain.question import Question
from integrations.ports import ForestStore, MetricSource, PortError

# The service and what it depends on, nearest first: each forest that is not grown yet takes half a second of a core.
_MOST_SERVICES = 3
# The rest of the investigation does not wait for an explanation. scikit-learn alone takes seconds to import: the first
# one that asks in the life of a worker may well get no answer, the next look does.
_PATIENCE_S = 3.0
_MOST_SHOWN = 5


def _process() -> Executor:
    return pool(1)


class Forests:
    """Asks the forests of services. `pool` makes the process in which they are grown, which lives as long as this."""

    def __init__(
        self, store: ForestStore, pool: Callable[[], Executor] = _process, patience_s: float = _PATIENCE_S
    ) -> None:
        self._store = store
        self._pool = pool
        self._patience_s = patience_s
        self._lock = threading.Lock()
        self._executor: Executor | None = None

    def findings_of(self, answers: Sequence[Asked], metrics: MetricSource, question: Question) -> tuple[Finding, ...]:
        """A finding for each service that was ever trained: unusual together, not unusual, or why nobody can tell; and
        one more where the first one and those that it depends on are unusual together.
        """
        services = question.services[:_MOST_SERVICES]
        try:
            forests = [forest for service in services if (forest := self._store.load(service)) is not None]
            group = self._store.load(group_of(question.primary))
        except PortError as error:
            # Said once and asked once: a store that is away takes seconds to say so.
            return (_unasked(question.primary, str(error)[:200], question),)
        begun = [self._begun(forest, answers, question) for forest in forests]
        of_all = None if group is None else self._begun(group, answers, question)
        until = monotonic() + self._patience_s
        found = [
            _of_service(forest, self._verdict(one, until), metrics, question)
            for forest, one in zip(forests, begun, strict=True)
        ]
        if group is not None and of_all is not None:
            found.extend(_of_group(group, self._verdict(of_all, until), metrics, question))
        return tuple(found)

    def _begun(self, forest: Forest, answers: Sequence[Asked], question: Question) -> Future[Verdict] | str:
        """The verdict that is to come, or why there will be none."""
        seen = readable(forest, answers, question)
        if isinstance(seen, str):
            return seen
        matrix, looked = seen
        try:
            return self._submitted(matrix, looked.times, looked.rows)
        except BrokenExecutor as error:
            return f"its process died: {error}"

    def _submitted(self, matrix: Matrix, times: Times, rows: Floats) -> Future[Verdict]:
        with self._lock:
            if self._executor is None:
                self._executor = self._pool()
            try:
                return self._executor.submit(judge, matrix, times, rows)
            except BrokenExecutor:
                # Somebody killed it; the next one begins anew.
                self._executor = None
                raise

    def _verdict(self, one: Future[Verdict] | str, until: float) -> Verdict | str:
        """As soon as it is there, or why it is not."""
        if isinstance(one, str):
            return one
        try:
            return one.result(max(until - monotonic(), 0.0))
        except TooLate:
            one.cancel()
            return f"it was not grown within {self._patience_s:g} s"
        except BrokenExecutor as error:
            return f"its process died: {error}"


def readable(forest: Forest, answers: Sequence[Asked], question: Question) -> tuple[Matrix, Moments] | str:
    """The rows and the moments to judge, or why there are none."""
    if not forest.ready:
        when = "" if forest.ready_at is None else f", ready at {forest.ready_at:%Y-%m-%d %H:%M} UTC"
        return f"not ready: {forest.reason}{when}"
    if forest.stale(question.now):
        return f"it is of {forest.trained_at:%Y-%m-%d %H:%M} UTC, which is too old"
    matrix = opened(forest)
    if isinstance(matrix, Refused):
        return f"not used: {matrix.reason}; the next training makes it anew"
    looked = moments(matrix.features, _present({feature.service for feature in matrix.features}, answers, question))
    return absent_sentence(looked.features) if isinstance(looked, Absent) else (matrix, looked)


def _present(services: Collection[str], answers: Sequence[Asked], question: Question) -> Mapping[str, Points]:
    """The samples of the trouble, by series."""
    window = windows.present(question)
    start, end = window.start.timestamp(), window.end.timestamp()
    found: dict[str, dict[float, float]] = {}
    for one in answers:
        for series in one.series if one.service in services else ():
            points = {at: value for at, value in series.points if start <= at <= end}
            key = series_key(one.service, one.expression, series.labels)
            found[key] = points | found.get(key, {})
    return {key: sorted(points.items()) for key, points in found.items()}


def _of_service(forest: Forest, verdict: Verdict | str, metrics: MetricSource, question: Question) -> Finding:
    if isinstance(verdict, str):
        return _unasked(forest.service, verdict, question)
    return _finding(forest, verdict, f"{clean(forest.service)}: {sentence(verdict)}", metrics, question)


def _of_group(
    group: Forest, verdict: Verdict | str, metrics: MetricSource, question: Question
) -> tuple[Finding, ...]:  # fmt: skip
    """Only what none of its services' own forests says; they also say why nobody can tell."""
    said = None if isinstance(verdict, str) else group_sentence(verdict)
    if isinstance(verdict, str) or said is None:
        return ()
    found = _finding(group, verdict, said, metrics, question)
    return (found.model_copy(update={"kind": "group_unusual", "service": question.primary}),)


def _finding(forest: Forest, verdict: Verdict, title: str, metrics: MetricSource, question: Question) -> Finding:
    window, first = windows.present(question), verdict.parts[0]
    at = datetime.fromtimestamp(verdict.at, UTC)
    facts: dict[str, str | int | float | bool] = {
        "is_anomaly": verdict.is_anomaly, "score": round(verdict.score, 4), "at": at.isoformat(),
        "contributing": ", ".join(named(part.feature, forest) for part in verdict.contributing) or "none alone",
        "moments": verdict.moments, "trained_at": forest.trained_at.isoformat(),
        **{f"rise:{named(part.feature, forest)}": round(part.rise, 4) for part in verdict.parts[:_MOST_SHOWN]},
    }  # fmt: skip
    return Finding(
        source=Source.METRICS, presence=Presence.FOUND if verdict.is_anomaly else Presence.ABSENT,
        kind="unusual_together", service=forest.service, title=title, value=round(verdict.score, 4), facts=facts,
        window=window, query=first.feature.query, link=metrics.link(first.feature.query, window),
    )  # fmt: skip


def _unasked(service: str, reason: str, question: Question) -> Finding:
    """No source was missing: it is the judge that cannot tell."""
    gone = missing(Source.METRICS, reason, windows.present(question))
    title = f"{clean(service)}: whether its metrics are unusual together, nobody can tell: {reason}"
    return gone.model_copy(update={"kind": "forest_missing", "service": service, "title": title})
