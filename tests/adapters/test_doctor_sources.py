"""The doctor asks the sources that were chosen, and those only."""

import asyncio
from collections.abc import Iterator, Mapping

import pytest

from config.services import load_services
from config.settings import Settings
from domain.services import Expression, Service, ServiceMap
from rig.servers.datadog import API_KEY, APP_KEY, DatadogStandIn
from rig.servers.loki import LokiStandIn
from rig.servers.tempo import TempoStandIn
from starter.doctor import sources
from starter.doctor.check import Row, Status, run_all

NOWHERE = "http://127.0.0.1:1"
QUERY = Expression(name="errors", kind="errors", query="sum:errors{service:{service}}", unit="errors/s", floor=1)
ORDERS = ServiceMap(services=(Service(name="orders", expressions=(QUERY,)),), expressions=())


@pytest.fixture
def datadog() -> Iterator[DatadogStandIn]:
    with DatadogStandIn() as server:
        yield server


def _rows(variables: Mapping[str, str], services: ServiceMap) -> dict[str, Row]:
    checks = tuple(sources.checks(Settings.model_validate(variables), services))
    return {row.name: row for row in asyncio.run(run_all(checks))}


def test_loki_and_tempo_are_asked_where_they_are_chosen() -> None:
    others = {"ELASTICSEARCH_URL": NOWHERE, "JAEGER_URL": NOWHERE}
    chosen = {"NIGHTSHIFT_LOGS_FROM": "loki", "NIGHTSHIFT_TRACES_FROM": "tempo"}
    with LokiStandIn(token="t", tenant="a") as loki, TempoStandIn() as tempo:
        known = {"LOKI_URL": loki.url, "TEMPO_URL": tempo.url, "LOKI_TOKEN": "t", "LOKI_TENANT": "a"}
        rows = _rows({**others, **chosen, **known}, load_services(None))
        refused = _rows({**others, **chosen, **known, "LOKI_TENANT": "b"}, load_services(None))["loki"]
    assert {name: row.said for name, row in rows.items() if row.status is Status.OK} == {
        "loki": "answers", "tempo": "answers",
    }  # fmt: skip
    assert not {"elasticsearch", "jaeger"} & set(rows)
    assert (refused.status, refused.said) == (Status.FAIL, "Loki answered 401: no org id")
    assert "LOKI_TENANT" in refused.remedy


def test_datadog_is_asked_for_both_kinds_by_a_query_of_the_services_file(datadog: DatadogStandIn) -> None:
    both = {"NIGHTSHIFT_LOGS_FROM": "datadog", "NIGHTSHIFT_METRICS_FROM": "datadog", "DATADOG_API_URL": datadog.url}
    keys = {"DD_API_KEY": API_KEY, "DD_APP_KEY": APP_KEY}
    rows = _rows({**both, **keys}, ORDERS)
    assert [rows[name].said for name in ("datadog logs", "datadog metrics")] == ["answers", "answers"]
    assert rows["metrics of orders"].said == "no series for errors"
    refused = _rows({**both, **keys, "DD_APP_KEY": "another"}, ORDERS)
    assert {refused[name].said for name in ("datadog logs", "datadog metrics")} == {"Datadog answered 403: Forbidden"}
    assert {name for name in rows if not name.startswith("metrics of")} <= sources.NAMES


def test_without_a_query_in_its_language_datadog_has_nothing_to_be_asked(datadog: DatadogStandIn) -> None:
    keys = {"DD_API_KEY": API_KEY, "DD_APP_KEY": APP_KEY, "DATADOG_API_URL": datadog.url}
    row = _rows({**keys, "NIGHTSHIFT_METRICS_FROM": "datadog"}, load_services(None))["datadog metrics"]
    assert row.status is Status.WARN
    assert row.said == "no service has expressions in Datadog's language, so nothing is asked"
    assert datadog.asked == []
