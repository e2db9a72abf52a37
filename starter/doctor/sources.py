"""Do the sources answer, does Alertmanager send to us, and do the services' expressions find anything?"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

import httpx

from activities.metric_queries import RANGE, filled
from config.adapters import sources
from config.services import own_queries
from config.settings import Settings
from config.sources import LogsFrom, MetricsFrom, TracesFrom, logs_from, metrics_from, traces_from
from domain.finding import Window
from domain.services import ServiceMap
from integrations.ports import LogSource, MetricSource, TraceSource, Unavailable
from starter.doctor.check import Check, Doubt, blocking, off

GROUP = "sources"
_NOBODY = "nightshift-doctor"
_HIDDEN = "<secret>"
_TIMEOUT_S = 10.0
_DATADOG_LOGS, _DATADOG_METRICS = "datadog logs", "datadog metrics"
_LOG_NAMES = {**{source: source.value for source in LogsFrom}, LogsFrom.DATADOG: _DATADOG_LOGS}
NAMES = frozenset({"prometheus", "alertmanager", _DATADOG_METRICS, *_LOG_NAMES.values(), *TracesFrom})
"""Of the checks that ask a source, as against those that ask for the metrics of a service."""
# What is asked, and the variables that lead there.
_LOG_SOURCES = {
    LogsFrom.ELASTICSEARCH: ("search", "ELASTICSEARCH_URL, ELASTICSEARCH_INDEX"),
    LogsFrom.DATADOG: ("search logs", "DD_API_KEY, DD_APP_KEY (with logs_read_data), DD_SITE"),
    LogsFrom.LOKI: ("query_range", "LOKI_URL, LOKI_LOGIN or LOKI_TOKEN, LOKI_TENANT, LOKI_SERVICE_LABEL"),
}
_TRACE_SOURCES = {
    TracesFrom.JAEGER: "JAEGER_URL",
    TracesFrom.TEMPO: "TEMPO_URL, TEMPO_LOGIN or TEMPO_TOKEN, TEMPO_TENANT",
}


def checks(settings: Settings, services: ServiceMap) -> Iterator[Check]:
    """Metrics, Alertmanager, logs, traces, and the metrics of each service."""
    metrics = sources.metrics(settings, services)
    yield _metrics(metrics, settings, services)
    yield _alertmanager(settings)
    yield _logs(sources.logs(settings), settings)
    yield _traces(sources.traces(settings), settings)
    if metrics is not None:
        yield from (_expressions(metrics, services, service.name) for service in services.services)


def _metrics(metrics: MetricSource | None, settings: Settings, services: ServiceMap) -> Check:
    cost = "no metrics in a diagnosis, and no fix can be verified: everything goes to people"
    chosen = metrics_from(settings)
    if metrics is None or chosen is None:
        return off(GROUP, MetricsFrom.PROMETHEUS.value, cost, "set PROMETHEUS_URL")
    if chosen is MetricsFrom.DATADOG:
        return _datadog(metrics, services, cost)

    def look() -> str:
        metrics.query("vector(1)")
        return "answers"

    return Check(GROUP, chosen.value, "query vector(1)", cost, "start it, or set PROMETHEUS_URL", blocking(look))


def _datadog(metrics: MetricSource, services: ServiceMap, cost: str) -> Check:
    """By the first of the queries that it may be asked; there is no question that everybody may ask."""

    def look() -> str:
        service, query = next(iter(own_queries(services)), ("", ""))
        if not query:
            raise Doubt("no service has expressions in Datadog's language, so nothing is asked")
        metrics.query(filled(query, service, RANGE))
        return "answers"

    remedy = "set DD_API_KEY, DD_APP_KEY (with timeseries_query), DD_SITE, and expressions in NIGHTSHIFT_SERVICES"
    return Check(GROUP, _DATADOG_METRICS, "one query", cost, remedy, blocking(look))


def _alertmanager(settings: Settings) -> Check:
    cost = "nobody checks that alerts reach us"
    address = settings.alertmanager_url
    if address is None:
        return off(GROUP, "alertmanager", cost, "set ALERTMANAGER_URL")
    remedy = "add a webhook receiver with the address .../webhooks/prometheus to its configuration"
    return Check(GROUP, "alertmanager", "its configuration", cost, remedy, blocking(lambda: _receives(address)))


def _receives(address: str) -> str:
    try:
        answer = httpx.get(f"{address}/api/v2/status", timeout=_TIMEOUT_S).raise_for_status()
        configuration = str(answer.json()["config"]["original"])
    except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
        raise Unavailable(f"alertmanager: {type(error).__name__}: {error}") from error
    # Alertmanager from 0.25 on shows `<secret>` in place of a webhook's address: then only the receiver can be seen.
    if "/webhooks/prometheus" in configuration:
        return "sends to /webhooks/prometheus"
    if "webhook_configs" in configuration and _HIDDEN in configuration:
        return "has a webhook receiver (it hides the address)"
    raise Doubt("it answers, but no receiver's address ends in /webhooks/prometheus")


def _logs(logs: LogSource | None, settings: Settings) -> Check:
    cost = "no error patterns in a diagnosis, less confidence"
    chosen = logs_from(settings)
    if logs is None or chosen is None:
        return off(GROUP, LogsFrom.ELASTICSEARCH.value, cost, "set ELASTICSEARCH_URL, or LOKI_URL")

    def look() -> str:
        logs.search([_NOBODY], _last_minute(), ["ERROR"], 1)
        return "answers"

    asked, variables = _LOG_SOURCES[chosen]
    where = f" in {settings.elasticsearch_index}" if chosen is LogsFrom.ELASTICSEARCH else ""
    remedy = f"start it, or set {variables}"
    return Check(GROUP, _LOG_NAMES[chosen], asked + where, cost, remedy, blocking(look))


def _traces(traces: TraceSource | None, settings: Settings) -> Check:
    cost = "no path of failing requests in a diagnosis, less confidence"
    chosen = traces_from(settings)
    if traces is None or chosen is None:
        return off(GROUP, TracesFrom.JAEGER.value, cost, "set JAEGER_URL, or TEMPO_URL")

    def look() -> str:
        traces.traces(_NOBODY, _last_minute(), 1)
        return "answers"

    remedy = f"start it, or set {_TRACE_SOURCES[chosen]}"
    return Check(GROUP, chosen.value, "search traces", cost, remedy, blocking(look))


def _expressions(metrics: MetricSource, services: ServiceMap, name: str) -> Check:
    expressions = services.expressions_of(name)

    def look() -> str:
        empty = [e.name for e in expressions if not metrics.query(filled(e.query, name, RANGE))]
        if empty:
            raise Doubt(f"no series for {_list(empty)}")
        return "all have series"

    return Check(
        GROUP, f"metrics of {name}", f"{len(expressions)} expressions", "that side of it is not seen",
        "give the service expressions of its own in NIGHTSHIFT_SERVICES", blocking(look),
    )  # fmt: skip


def _list(names: Sequence[str]) -> str:
    return ", ".join(names)


def _last_minute() -> Window:
    now = datetime.now(UTC)
    return Window(start=now - timedelta(minutes=1), end=now)
