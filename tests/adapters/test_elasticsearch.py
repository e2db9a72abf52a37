"""Searches in a real Elasticsearch, in documents of the shapes that people ship."""

import json
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from activities.log_findings import LogAnswer
from domain.finding import Window
from domain.question import Question
from domain.services import ServiceMap
from integrations.elasticsearch import ElasticsearchLogs
from integrations.log_fields import LogFields
from integrations.ports import LogLine, LogSource, Rejected
from rig.servers.elasticsearch import ElasticsearchServer
from rig.servers.plain import PLAIN

START = datetime(2026, 1, 31, 12, tzinfo=UTC)
WINDOW = Window(start=START, end=START + timedelta(minutes=10))
POOL = 'FATAL: too many connections for database "orders"'


def _at(seconds: float) -> str:
    return (START + timedelta(seconds=seconds)).isoformat()


FLAT: list[dict[str, Any]] = [
    {"@timestamp": _at(0), "service": "orders", "level": "ERROR", "message": "first", "logger": "orders.store",
     "trace_id": "4bf92f35", "error": {"type": "psycopg.OperationalError", "message": "no"}},
    {"@timestamp": _at(60.123456), "service": "orders", "level": "ERROR", "message": POOL},
    {"@timestamp": _at(61), "service": "orders", "level": "INFO", "message": "served"},
    {"@timestamp": _at(62), "service": "gateway", "level": "WARNING", "message": "slow"},
    {"@timestamp": _at(-1), "service": "orders", "level": "ERROR", "message": "before the window"},
    {"@timestamp": _at(600), "service": "orders", "level": "ERROR", "message": "at its end"},
]  # fmt: skip
ECS: list[dict[str, Any]] = [
    {"@timestamp": _at(5), "service": {"name": "orders", "version": "7"}, "log": {"level": "error", "logger": "o.s"},
     "message": "nested", "trace": {"id": "aa"}, "error": {"type": "E"}},
    {"@timestamp": _at(6), "service.name": "orders", "log.level": "error", "message": "dotted", "trace.id": "bb"},
]  # fmt: skip
KEYWORDS: dict[str, Any] = {
    "properties": {name: {"type": "keyword"} for name in ("service", "level", "logger", "trace_id")}
    | {"@timestamp": {"type": "date"}, "message": {"type": "text"}}
}


class Indexes:
    """Makes indexes of its own and deletes them."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._names: list[str] = []

    def make(self, documents: list[dict[str, Any]], mappings: dict[str, Any] | None = None) -> str:
        """An index with these documents, ready to be searched; without mappings, Elasticsearch guesses."""
        name = f"logs-test-{secrets.token_hex(4)}"
        self._names.append(name)
        body = {"mappings": mappings} if mappings else {}
        httpx.put(f"{self._url}/{name}", json=body, timeout=30, trust_env=False, verify=PLAIN).raise_for_status()
        lines = "".join(f'{{"create":{{}}}}\n{json.dumps(document)}\n' for document in documents)
        if lines:
            answer = httpx.post(
                f"{self._url}/{name}/_bulk?refresh=true", content=lines, timeout=30, trust_env=False,
                headers={"Content-Type": "application/x-ndjson"},
            )  # fmt: skip
            assert not answer.raise_for_status().json()["errors"], answer.text
        return name

    def delete(self) -> None:
        for name in self._names:
            httpx.delete(f"{self._url}/{name}", timeout=30, trust_env=False, verify=PLAIN).raise_for_status()


@pytest.fixture
def indexes(elasticsearch: ElasticsearchServer) -> Iterator[Indexes]:
    made = Indexes(elasticsearch.url)
    yield made
    made.delete()


def _logs(elasticsearch: ElasticsearchServer, index: str) -> LogSource:
    return ElasticsearchLogs(elasticsearch.url, index)


def test_lines_of_a_service_come_newest_first_within_the_window(
    elasticsearch: ElasticsearchServer, indexes: Indexes
) -> None:
    """Its start belongs to it, its end does not; every field arrives, the time to the millisecond."""
    page = _logs(elasticsearch, indexes.make(FLAT, KEYWORDS)).search(["orders"], WINDOW, ["ERROR"], 100)
    assert page.total == 2
    assert page.lines == (
        LogLine(at=START + timedelta(seconds=60.123), service="orders", level="ERROR", message=POOL),
        LogLine(
            at=START, service="orders", level="ERROR", message="first", logger="orders.store",
            error_type="psycopg.OperationalError", trace_id="4bf92f35",
        ),
    )  # fmt: skip


@pytest.mark.parametrize("mappings", [KEYWORDS, None], ids=["keywords", "guessed mapping"])
@pytest.mark.parametrize(
    ("services", "levels", "messages"),
    [
        (["orders", "gateway"], ["ERROR", "WARNING"], ["slow", POOL, "first"]),
        (["orders"], ["info"], ["served"]),
        (["catalogue"], ["ERROR"], []),
        (["orders"], ["FATAL"], []),
    ],
)
def test_services_and_levels_select(
    elasticsearch: ElasticsearchServer,
    indexes: Indexes,
    mappings: dict[str, Any] | None,
    services: list[str],
    levels: list[str],
    messages: list[str],
) -> None:
    page = _logs(elasticsearch, indexes.make(FLAT, mappings)).search(services, WINDOW, levels, 100)
    assert [line.message for line in page.lines] == messages


def test_documents_of_the_elastic_common_schema_are_read_without_settings(
    elasticsearch: ElasticsearchServer, indexes: Indexes
) -> None:
    page = _logs(elasticsearch, indexes.make(ECS)).search(["orders"], WINDOW, ["ERROR"], 100)
    dotted, nested = page.lines
    assert (dotted.message, dotted.service, dotted.level, dotted.trace_id) == ("dotted", "orders", "error", "bb")
    assert (nested.message, nested.service, nested.level, nested.trace_id) == ("nested", "orders", "error", "aa")
    assert (nested.logger, nested.error_type) == ("o.s", "E")


def test_fields_may_have_names_of_their_own(elasticsearch: ElasticsearchServer, indexes: Indexes) -> None:
    index = indexes.make([{"time": _at(1), "app": "orders", "severity": "ERROR", "text": "hello"}])
    fields = LogFields(timestamp="time", service=("app",), level=("severity",), message=("text",))
    page = ElasticsearchLogs(elasticsearch.url, index, fields=fields).search(["orders"], WINDOW, ["ERROR"], 10)
    assert [(line.service, line.level, line.message) for line in page.lines] == [("orders", "ERROR", "hello")]


def test_the_total_counts_what_the_limit_cuts_off(elasticsearch: ElasticsearchServer, indexes: Indexes) -> None:
    many = [{**FLAT[0], "@timestamp": _at(n / 100), "message": f"line {n}"} for n in range(12_000)]
    page = _logs(elasticsearch, indexes.make(many, KEYWORDS)).search(["orders"], WINDOW, ["ERROR"], 3)
    assert page.total == 12_000
    assert [line.message for line in page.lines] == ["line 11999", "line 11998", "line 11997"]


def test_a_pattern_searches_all_indexes_that_it_matches(elasticsearch: ElasticsearchServer, indexes: Indexes) -> None:
    first, second = indexes.make(FLAT[:1], KEYWORDS), indexes.make(FLAT[1:2], KEYWORDS)
    both = _logs(elasticsearch, f"{first},{second[:-1]}*")
    assert both.search(["orders"], WINDOW, ["ERROR"], 10).total == 2


@pytest.mark.parametrize("index", ["logs-nobody-ships", "nothing-like-this-*"])
def test_an_index_that_is_not_there_is_no_absence_of_errors(elasticsearch: ElasticsearchServer, index: str) -> None:
    with pytest.raises(Rejected, match=f"has no index '{index.replace('*', '.')}': no logs are shipped there"):
        _logs(elasticsearch, index).search(["orders"], WINDOW, ["ERROR"], 10)


def test_an_empty_index_has_no_lines(elasticsearch: ElasticsearchServer, indexes: Indexes) -> None:
    """It does not even know the field of the time."""
    assert _logs(elasticsearch, indexes.make([])).search(["orders"], WINDOW, ["ERROR"], 10).total == 0


def test_a_limit_beyond_the_servers_is_rejected_in_its_words(
    elasticsearch: ElasticsearchServer, indexes: Indexes
) -> None:
    with pytest.raises(Rejected, match=r"Elasticsearch answered 400: .*Result window is too large"):
        _logs(elasticsearch, indexes.make(FLAT, KEYWORDS)).search(["orders"], WINDOW, ["ERROR"], 10_001)


def test_the_query_text_can_be_repeated_and_finds_the_same(
    elasticsearch: ElasticsearchServer, indexes: Indexes
) -> None:
    logs = _logs(elasticsearch, indexes.make(FLAT, KEYWORDS))
    first, _, body = logs.query_text(["orders"], WINDOW, ["ERROR"]).partition("\n")
    method, path = first.split()
    answer = httpx.request(
        method, elasticsearch.url + path, json=json.loads(body), timeout=30, trust_env=False, verify=PLAIN
    )
    assert answer.json()["hits"]["total"]["value"] == 2


def test_the_link_shows_the_lines_of_the_services_whatever_they_are_called(
    elasticsearch: ElasticsearchServer, indexes: Indexes
) -> None:
    odd = 'a "service": (odd) \\ OR *'
    documents = [*FLAT, {**FLAT[0], "service": odd, "message": "of the odd one"}]
    logs = _logs(elasticsearch, indexes.make(documents, KEYWORDS))

    def shown(services: list[str]) -> list[str]:
        answer = httpx.get(logs.link(services, WINDOW), timeout=30, trust_env=False, verify=PLAIN)
        return [hit["_source"]["message"] for hit in answer.raise_for_status().json()["hits"]["hits"]]

    assert shown(["orders"]) == ["served", POOL, "first"]
    assert shown(["orders", "gateway"]) == ["slow", "served", POOL, "first"]
    assert shown([odd]) == ["of the odd one"]


def test_a_new_template_is_shown_with_its_lines_over_time(elasticsearch: ElasticsearchServer, indexes: Indexes) -> None:
    """Twelve lines in the minute since the onset, none in the nine minutes before it."""
    onset = START + timedelta(minutes=9)
    lines = [{"@timestamp": _at(540 + 5 * n), "service": "orders", "level": "ERROR", "message": f"lost order {n}"}
             for n in range(12)]  # fmt: skip
    question = Question(
        incident="INC-1", services=("orders",), onset=onset, now=onset + timedelta(minutes=1),
        graph=ServiceMap(expressions=()),
    )  # fmt: skip
    found = LogAnswer(_logs(elasticsearch, indexes.make(lines, KEYWORDS)), question).findings()
    (shown,) = [f for f in found if f.kind == "error_template"]
    assert (shown.facts["template"], shown.facts["new"]) == ("lost order <n>", True)
    assert shown.curve is not None
    assert (sum(v or 0 for v in shown.curve.values), shown.curve.usual) == (12, 0)
    steps = [
        shown.curve.start + timedelta(seconds=n * shown.curve.step_s) for n, v in enumerate(shown.curve.values) if v
    ]
    assert onset - timedelta(seconds=shown.curve.step_s) < steps[0] <= onset
