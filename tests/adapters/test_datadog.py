"""Logs and metrics through Datadog's own client, from what stands in for it."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from domain.finding import Window
from integrations.datadog import DatadogLogs, DatadogMetrics, DatadogPlace
from integrations.datadog.query import allowed, log_query
from integrations.ports import LogLine, PortError, Rejected, Series, Unavailable
from rig.servers.datadog import API_KEY, APP_KEY, DatadogStandIn
from tests.adapters.http_server import Answer, HttpServer

START = datetime(2026, 1, 31, 12, tzinfo=UTC)
WINDOW = Window(start=START, end=START + timedelta(minutes=10))
ERRORS = "sum:trace.http.request.errors{service:{service}}.as_rate()"
OF_ORDERS = ERRORS.replace("{service}", "orders")
LEVELS = ["ERROR", "CRITICAL", "FATAL"]


@pytest.fixture
def datadog() -> Iterator[DatadogStandIn]:
    with DatadogStandIn() as server:
        yield server


def _place(url: str, **more: Any) -> DatadogPlace:
    return DatadogPlace(SecretStr(API_KEY), SecretStr(APP_KEY), url=url, **more)


def _metrics(url: str, **more: Any) -> DatadogMetrics:
    return DatadogMetrics(_place(url), [("orders", ERRORS)], **more)


def _line(seconds: float, status: str = "error", service: str = "orders", **more: Any) -> dict[str, Any]:
    at = (START + timedelta(seconds=seconds)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {"timestamp": at, "status": status, "service": service, "message": f"at {seconds:g}", **more}


def test_lines_of_a_service_come_newest_first_within_the_window(datadog: DatadogStandIn) -> None:
    """Its start belongs to it, its end does not; FATAL is what Datadog calls emergency."""
    fields = {"logger": {"name": "orders.db"}, "error.kind": "PoolTimeout", "dd": {"trace_id": "4bf9"}}
    datadog.lines = [
        _line(0, attributes=fields), _line(60.123, "emergency"), _line(61, "info"), _line(62, service="gateway"),
        _line(-0.001), _line(600),
    ]  # fmt: skip
    page = DatadogLogs(_place(datadog.url)).search(["orders"], WINDOW, LEVELS, 100)
    assert page.total == 2
    assert page.lines == (
        LogLine(at=START + timedelta(seconds=60.123), service="orders", level="emergency", message="at 60.123"),
        LogLine(
            at=START, service="orders", level="error", message="at 0", logger="orders.db", error_type="PoolTimeout",
            trace_id="4bf9",
        ),
    )  # fmt: skip
    assert datadog.asked == ["/api/v2/logs/events/search"]


def test_more_than_a_page_comes_by_cursor_and_what_the_limit_cuts_off_is_counted(datadog: DatadogStandIn) -> None:
    datadog.lines = [_line(n / 10) for n in range(2500)]
    logs = DatadogLogs(_place(datadog.url))
    page = logs.search(["orders"], WINDOW, LEVELS, 2200)
    assert (page.total, len(page.lines), page.lines[-1].message) == (2500, 2200, "at 30")
    assert len({line.at for line in page.lines}) == 2200
    assert logs.search(["orders"], WINDOW, LEVELS, 3000).total == 2500
    assert datadog.asked.count("/api/v2/logs/analytics/aggregate") == 1


def test_a_line_that_cannot_be_read_is_left_out_and_counted(
    datadog: DatadogStandIn, caplog: pytest.LogCaptureFixture
) -> None:
    datadog.lines = [_line(1), {**_line(2), "message": {"a": 1}}]
    datadog.meta = {"status": "done", "warnings": [{"code": "c", "title": "partial", "detail": "an index is away"}]}
    page = DatadogLogs(_place(datadog.url)).search(["orders"], WINDOW, LEVELS, 10)
    assert (page.total, [line.message for line in page.lines]) == (2, ["at 1"])
    assert "1 of 2 lines from Datadog cannot be read" in caplog.text
    assert "Datadog warns: partial an index is away" in caplog.text


def test_a_search_that_datadog_gave_up_is_no_absence_of_errors(datadog: DatadogStandIn) -> None:
    datadog.meta = {"status": "timeout"}
    with pytest.raises(Unavailable, match="did not finish the search"):
        DatadogLogs(_place(datadog.url)).search(["orders"], WINDOW, LEVELS, 10)


@pytest.mark.parametrize(
    ("services", "levels", "query"),
    [
        (["orders"], None, 'service:("orders")'),
        (["orders", "a/b.c:d-e_f"], ["WARNING"], 'service:("orders" OR "a/b.c:d-e_f") status:("warn")'),
        (["orders", 'x") OR *:("'], LEVELS,
         'service:("orders") status:("error" OR "critical" OR "alert" OR "emergency")'),
    ],
)  # fmt: skip
def test_the_search_that_is_sent(services: list[str], levels: list[str] | None, query: str) -> None:
    assert log_query(services, levels) == query


@given(st.lists(st.text(max_size=15) | st.text(alphabet='a"*\\()- ?:', max_size=15), max_size=4))
def test_no_name_of_a_service_changes_the_search_around_it(services: list[str]) -> None:
    try:
        query = log_query(services, ["ERROR"])
    except Rejected:
        return
    terms = re.fullmatch(r'service:\(("[\w.:/-]+"(?: OR "[\w.:/-]+")*)\) status:\("error"\)', query)
    assert terms is not None
    assert set(re.findall('"([^"]+)"', terms[1])) <= set(services)


def test_without_a_name_that_datadog_could_know_nothing_is_asked(datadog: DatadogStandIn) -> None:
    with pytest.raises(Rejected, match="no service of such a name"):
        DatadogLogs(_place(datadog.url)).search(["*", ""], WINDOW, LEVELS, 10)
    assert datadog.asked == []


def test_series_have_their_tags_and_the_last_point_of_each_step(datadog: DatadogStandIn) -> None:
    """What lies outside of the window, and null, are no points; a series without any is left out."""
    at = START.timestamp() * 1000
    points = [
        [at, 1.0],
        [at + 20_000, 2.0],
        [at + 40_000, None],
        [at + 60_000, 4.0],
        [at + 600_000, 9.0],
        [at - 1, 8.0],
    ]
    datadog.series = [
        {"tag_set": ["service:orders", "env:prod", "loose"], "pointlist": points, "interval": 20},
        {"tag_set": ["service:orders"], "pointlist": [[at, None]]},
    ]
    found = _metrics(datadog.url).query_range(OF_ORDERS, WINDOW, 60)
    start = START.timestamp()
    assert found == [
        Series(labels={"service": "orders", "env": "prod", "loose": ""}, points=((start + 20, 2.0), (start + 60, 4.0)))
    ]


def test_now_is_the_newest_value_of_the_last_five_minutes(datadog: DatadogStandIn) -> None:
    now = datetime.now(UTC).timestamp() * 1000
    datadog.series = [{"tag_set": [], "pointlist": [[now - 400_000, 1], [now - 90_000, 2], [now - 70_000, 3]]}]
    assert [one.value for one in _metrics(datadog.url).query(OF_ORDERS)] == [3]


@pytest.mark.parametrize(
    "query",
    [
        'up{service="orders"}',
        ERRORS.replace("{service}", "payments"),
        ERRORS.replace("{service}", "*"),
        f"{OF_ORDERS}, avg:system.load.1{{*}}",
        "",
    ],
)
def test_only_queries_of_the_services_file_are_asked(datadog: DatadogStandIn, query: str) -> None:
    with pytest.raises(Rejected, match="is no Datadog query that the services file gives to a service"):
        _metrics(datadog.url).query(query)
    assert datadog.asked == []


def test_blanks_are_filled_in_and_without_queries_nothing_is_allowed() -> None:
    pattern = allowed([("a.b", "avg:x{service:{service}}.rollup(avg, {window})"), ("c", "avg:y{*}")])
    assert pattern.fullmatch("avg:x{service:a.b}.rollup(avg, 60s)")
    assert pattern.fullmatch("avg:y{*}")
    assert not pattern.fullmatch("avg:x{service:aXb}.rollup(avg, 60s)")
    assert not pattern.fullmatch("avg:x{service:c}.rollup(avg, 60s)")
    assert not allowed([]).fullmatch("")


def test_whether_an_alert_fires_nobody_can_tell(datadog: DatadogStandIn) -> None:
    assert _metrics(datadog.url).firing({"alertname": "x"}) is None


def test_too_many_series_and_an_error_beside_a_success_are_rejected(
    datadog: DatadogStandIn, faulty: HttpServer
) -> None:
    datadog.series = [{"tag_set": [f"n:{n}"], "pointlist": [[START.timestamp() * 1000, 1]]} for n in range(3)]
    with pytest.raises(Rejected, match="gives 3 series, 2 are allowed"):
        _metrics(datadog.url, max_series=2).query_range(OF_ORDERS, WINDOW, 60)
    url = faulty.always(Answer.json('{"status":"error","error":"no such metric"}'))
    with pytest.raises(Rejected, match="refused the query: no such metric"):
        _metrics(url).query_range(OF_ORDERS, WINDOW, 60)


def _logs_of(url: str) -> None:
    DatadogLogs(_place(url), timeout_s=0.5).search(["orders"], WINDOW, LEVELS, 10)


def _metrics_of(url: str) -> None:
    _metrics(url, timeout_s=0.5).query_range(OF_ORDERS, WINDOW, 60)


@pytest.mark.parametrize("ask", [_logs_of, _metrics_of])
@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (Answer.json('{"errors":["Forbidden"]}', 403), Rejected, "Datadog answered 403: Forbidden"),
        (Answer.json('{"errors":["a","b"]}', 400), Rejected, "Datadog answered 400: a; b"),
        (Answer.json('{"errors":["slow down"]}', 429), Unavailable, "Datadog answered 429: slow down"),
        (Answer(503, "upstream"), Unavailable, "Datadog answered 503: upstream"),
        (Answer(302, "", {"Location": "/login"}), Rejected, "Datadog answered 302"),
        (Answer(200, "<html>proxy</html>"), Unavailable, "not its JSON: <html>proxy"),
        (Answer(200, '{"data":', {}, cut=True), Unavailable, "cannot be reached"),
        (Answer(hang=True), Unavailable, "did not answer within 0.5 s"),
    ],
)
def test_each_fault_has_its_outcome(
    faulty: HttpServer, ask: Any, answer: Answer, kind: type[PortError], words: str
) -> None:
    with pytest.raises(kind, match=words):
        ask(faulty.always(answer))
    assert len(faulty.asked) == 1


def test_a_datadog_that_is_not_there_is_unavailable() -> None:
    with pytest.raises(Unavailable, match=r"cannot be reached: .*refused"):
        _logs_of("http://127.0.0.1:1")


@pytest.mark.parametrize("header", ["X-RateLimit-Reset", "Retry-After"])
def test_the_time_until_the_limit_is_lifted_is_passed_on(datadog: DatadogStandIn, header: str) -> None:
    datadog.refuses_with = (429, "Too many requests", {header: "17"})
    with pytest.raises(Unavailable) as caught:
        _logs_of(datadog.url)
    assert caught.value.retry_after_s == 17


def test_keys_let_in_and_are_shown_nowhere(datadog: DatadogStandIn) -> None:
    wrong = DatadogPlace(SecretStr("another-key"), SecretStr(APP_KEY), url=datadog.url)
    logs = DatadogLogs(wrong)
    with pytest.raises(Rejected, match="Datadog answered 403: Forbidden") as refused:
        logs.search(["orders"], WINDOW, LEVELS, 10)
    assert "another-key" not in f"{refused.value} {wrong!r} {logs.link(['orders'], WINDOW)}"


@pytest.mark.parametrize(
    ("site", "api", "pages"),
    [
        ("datadoghq.com", "https://api.datadoghq.com", "https://app.datadoghq.com"),
        ("us3.datadoghq.com", "https://api.us3.datadoghq.com", "https://us3.datadoghq.com"),
    ],
)
def test_a_site_has_an_address_for_programs_and_one_for_people(site: str, api: str, pages: str) -> None:
    place = DatadogPlace(SecretStr("k"), SecretStr("k"), site=site)
    assert (place.api, place.pages) == (api, pages)
    link = DatadogLogs(place).link(["orders"], WINDOW)
    assert link.startswith(f"{pages}/logs?query=service%3A%28%22orders%22%29&from_ts={int(START.timestamp())}000&")
    assert DatadogMetrics(place, []).link("q", WINDOW).startswith(f"{pages}/metric/explorer?from_ts=")
