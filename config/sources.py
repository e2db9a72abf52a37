"""Which system is asked for logs, for metrics and for traces: one of each kind."""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from config.settings import Settings


class LogsFrom(StrEnum):
    """Whose logs are searched."""

    ELASTICSEARCH = "elasticsearch"
    LOKI = "loki"
    DATADOG = "datadog"


class MetricsFrom(StrEnum):
    """Whose metrics are asked."""

    PROMETHEUS = "prometheus"
    DATADOG = "datadog"


class TracesFrom(StrEnum):
    """Whose traces are read."""

    JAEGER = "jaeger"
    TEMPO = "tempo"


Source = TypeVar("Source", LogsFrom, MetricsFrom, TracesFrom)
# What each source needs: the variables, and whether they are set.
Needs = Mapping[Source, Mapping[str, bool]]
_TO_BE_NAMED = (LogsFrom.DATADOG, MetricsFrom.DATADOG)


def logs_from(settings: "Settings") -> LogsFrom | None:
    """As NIGHTSHIFT_LOGS_FROM says, else the one that has an address; None where none has.

    Datadog has to be named: its keys are in many environments for another reason.
    """
    return settings.logs_from or next(iter(_ready(_log_needs(settings))), None)


def metrics_from(settings: "Settings") -> MetricsFrom | None:
    """As NIGHTSHIFT_METRICS_FROM says, else Prometheus where it has an address."""
    return settings.metrics_from or next(iter(_ready(_metric_needs(settings))), None)


def traces_from(settings: "Settings") -> TracesFrom | None:
    """As NIGHTSHIFT_TRACES_FROM says, else the one that has an address; None where none has."""
    return settings.traces_from or next(iter(_ready(_trace_needs(settings))), None)


def source_problems(settings: "Settings") -> Iterator[str]:
    """What is wrong with the choice of sources, a sentence for each problem."""
    yield from _problems("NIGHTSHIFT_LOGS_FROM", settings.logs_from, _log_needs(settings))
    yield from _problems("NIGHTSHIFT_METRICS_FROM", settings.metrics_from, _metric_needs(settings))
    yield from _problems("NIGHTSHIFT_TRACES_FROM", settings.traces_from, _trace_needs(settings))
    if settings.loki_login and settings.loki_token:
        yield "LOKI_TOKEN: is set, and LOKI_LOGIN is too; a request has room for one of them"
    if settings.tempo_login and settings.tempo_token:
        yield "TEMPO_TOKEN: is set, and TEMPO_LOGIN is too; a request has room for one of them"


def _log_needs(settings: "Settings") -> Needs[LogsFrom]:
    return {
        LogsFrom.ELASTICSEARCH: {"ELASTICSEARCH_URL": settings.elasticsearch_url is not None},
        LogsFrom.LOKI: {"LOKI_URL": settings.loki_url is not None},
        LogsFrom.DATADOG: _datadog_needs(settings),
    }


def _metric_needs(settings: "Settings") -> Needs[MetricsFrom]:
    return {
        MetricsFrom.PROMETHEUS: {"PROMETHEUS_URL": settings.prometheus_url is not None},
        MetricsFrom.DATADOG: _datadog_needs(settings),
    }


def _datadog_needs(settings: "Settings") -> Mapping[str, bool]:
    return {
        "DD_API_KEY": settings.datadog_api_key is not None,
        "DD_APP_KEY": settings.datadog_app_key is not None,
    }


def _trace_needs(settings: "Settings") -> Needs[TracesFrom]:
    return {
        TracesFrom.JAEGER: {"JAEGER_URL": settings.jaeger_url is not None},
        TracesFrom.TEMPO: {"TEMPO_URL": settings.tempo_url is not None},
    }


def _ready(needs: Needs[Source]) -> list[Source]:
    return [source for source, variables in needs.items() if all(variables.values()) and source not in _TO_BE_NAMED]


def _problems(variable: str, chosen: Source | None, needs: Needs[Source]) -> Iterator[str]:
    if chosen is not None:
        unset = [name for name, is_set in needs[chosen].items() if not is_set]
        yield from (f"{name}: is not set, and {variable} is {chosen.value!r}, which needs it" for name in unset)
    elif len(ready := _ready(needs)) > 1:
        names = " and ".join(name for source in ready for name in needs[source])
        options = " or ".join(repr(source.value) for source in ready)
        yield f"{variable}: is not set, and {names} are; say which of them is asked, {options}"
