"""Searches in Loki: in what stands in for it, and in a real one where NIGHTSHIFT_LOKI_URL names one to write into."""

import json
import os
import secrets
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from domain.finding import Window
from integrations.access import Access
from integrations.loki import LokiLabels, LokiLogs
from integrations.loki.query import nanoseconds
from integrations.ports import LogLine, LogPage, PortError, Rejected, Unavailable
from rig.servers.loki import LokiStandIn
from tests.adapters.http_server import Answer, HttpServer
from tests.adapters.under_care import wait_until

# Loki refuses lines that are old.
END = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=1)
WINDOW = Window(start=END - timedelta(minutes=10), end=END)
REAL = "NIGHTSHIFT_LOKI_URL"
TOKEN = "a-token-for-loki"
LEVELS = ["ERROR"]


@pytest.fixture(scope="module", params=["stand-in", *(["real"] if REAL in os.environ else [])])
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    if request.param == "real":
        yield os.environ[REAL]
        return
    with LokiStandIn() as server:
        yield server.url


class Shipping:
    """Ships lines of services with names of their own, and waits until they are found."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.logs = LokiLogs(url)

    def ship(self, service: str, *lines: tuple[float, str, str, dict[str, str]]) -> None:
        """Each line: seconds after the window's start, level, text, structured metadata."""
        for seconds, level, text, metadata in lines:
            at = str(nanoseconds(WINDOW.start + timedelta(seconds=seconds)))
            stream = {"stream": {"service_name": service, "pod": f"p{seconds}"},
                      "values": [[at, text, {"detected_level": level, **metadata}]]}  # fmt: skip
            self._post([stream])
        day = Window(start=WINDOW.start - timedelta(hours=1), end=WINDOW.end + timedelta(hours=1))
        levels = sorted({level for _, level, _, _ in lines})
        wait_until(lambda: self.logs.search([service], day, levels, 5000).total >= len(lines), f"lines of {service}")

    def many(self, service: str, count: int) -> None:
        """So many errors, a millisecond apart."""
        start = nanoseconds(WINDOW.start)
        values = [[str(start + n * 1_000_000), f"line {n}", {"detected_level": "error"}] for n in range(count)]
        self._post([{"stream": {"service_name": service}, "values": values}])
        wait_until(lambda: self.logs.search([service], WINDOW, LEVELS, 1).total >= count, f"lines of {service}")

    def _post(self, streams: list[dict[str, Any]]) -> None:
        answer = httpx.post(f"{self._url}/loki/api/v1/push", json={"streams": streams}, timeout=30, trust_env=False)
        assert answer.status_code == 204, answer.text


@pytest.fixture
def shipping(url: str) -> Shipping:
    return Shipping(url)


def _name(stem: str = "orders") -> str:
    return f"{stem}-{secrets.token_hex(4)}"


def _texts(page: LogPage) -> list[str]:
    return [line.message for line in page.lines]


def test_lines_of_a_service_come_newest_first_within_the_window(shipping: Shipping) -> None:
    """Its start belongs to it, its end does not; every field arrives, the time to the microsecond."""
    orders = _name()
    known = {"trace_id": "4bf92f35", "exception_type": "OperationalError", "scope_name": "orders.store"}
    shipping.ship(
        orders,
        (0, "error", "first", known), (60.123456, "ERROR", "no more connections", {}), (61, "info", "served", {}),
        (-1, "error", "before the window", {}), (600, "error", "at its end", {}),
    )  # fmt: skip
    page = shipping.logs.search([orders], WINDOW, LEVELS, 100)
    assert page.total == 2
    assert page.lines == (
        LogLine(at=WINDOW.start + timedelta(seconds=60.123456), service=orders, level="ERROR",
                message="no more connections"),
        LogLine(at=WINDOW.start, service=orders, level="error", message="first", logger="orders.store",
                error_type="OperationalError", trace_id="4bf92f35"),
    )  # fmt: skip


def test_the_total_counts_what_the_limit_cuts_off_and_the_newest_are_kept(shipping: Shipping) -> None:
    """Of a window whose start and end hold a line each: the count takes the first and leaves the last, as a search."""
    orders = _name()
    shipping.many(orders, 3000)
    until = Window(start=WINDOW.start, end=WINDOW.start + timedelta(seconds=2.999))
    page = shipping.logs.search([orders], until, LEVELS, 3)
    assert (page.total, _texts(page)) == (2999, ["line 2998", "line 2997", "line 2996"])


def test_services_and_levels_select(shipping: Shipping) -> None:
    orders, gateway = _name(), _name("gateway")
    shipping.ship(orders, (1, "fatal", "gone", {}), (2, "warn", "slow", {}))
    shipping.ship(gateway, (3, "Error", "no answer", {}))
    search = shipping.logs.search
    assert _texts(search([orders, gateway], WINDOW, ["ERROR", "FATAL"], 100)) == ["no answer", "gone"]
    assert _texts(search([orders], WINDOW, ["WARN"], 100)) == ["slow"]
    assert search([_name("nobody")], WINDOW, LEVELS, 100) == LogPage(total=0, lines=())


@pytest.mark.parametrize(
    "hostile", ['a"} or {x=~".+', ".*", "a|b", "back\\slash", "new\nline", "caf\u00e9 \U0001f600", "`{{.}}`", "\x07"]
)
def test_a_name_selects_itself_and_nothing_else(shipping: Shipping, hostile: str) -> None:
    """Whatever it holds; the name of another service that it would match as a pattern is there too."""
    mark = secrets.token_hex(4)
    shipping.ship(f"a{mark}", (1, "error", "of another", {}))
    shipping.ship(f"{hostile}{mark}", (2, "error", "its own", {}))
    assert _texts(shipping.logs.search([f"{hostile}{mark}"], WINDOW, LEVELS, 100)) == ["its own"]


def test_where_lines_are_json_a_field_is_the_message(shipping: Shipping, url: str) -> None:
    """What is no JSON, or has no such field, is its own message."""
    orders = _name()
    line = {"msg": {"text": "pool timeout"}, "logger": "orders.db", "error.type": "PoolTimeout", "trace": {"id": "aa"}}
    shipping.ship(orders, (3, "error", json.dumps(line), {}), (2, "error", "plain", {}), (1, "error", '{"a": 1}', {}))
    logs = LokiLogs(url, labels=LokiLabels(message="msg.text"))
    page = logs.search([orders], WINDOW, LEVELS, 10)
    assert _texts(page) == ["pool timeout", "plain", '{"a": 1}']
    first = page.lines[0]
    assert (first.logger, first.error_type, first.trace_id) == ("orders.db", "PoolTimeout", "aa")


def test_labels_may_have_names_of_their_own(shipping: Shipping, url: str) -> None:
    orders = _name()
    shipping.ship(orders, (1, "error", "x", {"severity_text": "Fatal", "app": "y"}))
    logs = LokiLogs(url, labels=LokiLabels(level="severity_text"))
    assert [line.level for line in logs.search([orders], WINDOW, ["FATAL"], 10).lines] == ["Fatal"]


def test_a_limit_beyond_the_servers_is_rejected_in_its_words(shipping: Shipping) -> None:
    with pytest.raises(Rejected, match="Loki answered 400: max entries limit per query exceeded"):
        shipping.logs.search(["orders"], WINDOW, LEVELS, 5001)


def test_logql_that_it_cannot_read_is_rejected_in_its_words(url: str) -> None:
    """The settings take no such name of a label; this is how it would look."""
    with pytest.raises(Rejected, match="Loki answered 400: parse error at line 1"):
        LokiLogs(url, labels=LokiLabels(service="a b")).search(["orders"], WINDOW, LEVELS, 10)


def test_the_query_text_and_the_link_lead_to_the_same_lines(shipping: Shipping, url: str) -> None:
    orders = _name('odd "one"')
    shipping.ship(orders, (1, "error", "bad", {}), (2, "info", "good", {}))
    shown = httpx.get(shipping.logs.link([orders], WINDOW), timeout=30, trust_env=False).raise_for_status().json()
    assert sorted(v[1] for s in shown["data"]["result"] for v in s["values"]) == ["bad", "good"]
    query, times = shipping.logs.query_text([orders], WINDOW, LEVELS).splitlines()
    assert query.endswith(' | detected_level=~"(?i)(ERROR)"')
    assert times == f"from {WINDOW.start.isoformat()} to {WINDOW.end.isoformat()}"


@pytest.mark.parametrize(
    ("access", "words"),
    [(Access(), "401: invalid authentication"), (Access(token=SecretStr(TOKEN)), "401: no org id"), (None, None)],
)
def test_a_token_and_a_tenant_let_in_and_are_shown_nowhere(access: Access | None, words: str | None) -> None:
    with LokiStandIn(token=TOKEN, tenant="team-a") as server:
        logs = LokiLogs(server.url, access=access or Access(token=SecretStr(TOKEN), tenant="team-a"))
        if words is None:
            assert logs.search(["orders"], WINDOW, LEVELS, 10).total == 0
            return
        with pytest.raises(Rejected, match=words) as refused:
            logs.search(["orders"], WINDOW, LEVELS, 10)
        assert TOKEN not in f"{refused.value} {logs.link(['orders'], WINDOW)} {access!r}"


EMPTY = '{"status":"success","data":{"resultType":"%s","result":[]}}'


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (Answer(429, "maximum of series (500) reached"), Unavailable, "Loki answered 429: maximum of series"),
        (Answer(400, "the query hit the max number of series limit"), Rejected, "Loki answered 400: the query hit"),
        (Answer(502, "bad gateway"), Unavailable, "Loki answered 502"),
        (Answer(504, "context deadline exceeded"), Unavailable, "Loki answered 504: context deadline exceeded"),
        (Answer(404, "404 page not found"), Rejected, "Loki answered 404"),
        (Answer(302, "", {"Location": "/login"}), Rejected, "Loki answered 302"),
        (Answer(200, "<html>Grafana</html>"), Unavailable, "not its JSON: <html>Grafana"),
        (Answer.json('{"status":"success"}'), Unavailable, "not its JSON"),
        (Answer.json(EMPTY % "vector"), Unavailable, "not its JSON"),
        (Answer(200, '{"status":', {}, cut=True), Unavailable, "cannot be reached"),
        (Answer(hang=True), Unavailable, "did not answer within 0.5 s"),
    ],
)
def test_each_fault_has_its_outcome(faulty: HttpServer, answer: Answer, kind: type[PortError], words: str) -> None:
    with pytest.raises(kind, match=words):
        LokiLogs(faulty.always(answer), timeout_s=0.5).search(["orders"], WINDOW, LEVELS, 10)
    assert len(faulty.asked) == 1


def test_a_wait_that_the_server_names_is_passed_on(faulty: HttpServer) -> None:
    with pytest.raises(Unavailable) as caught:
        LokiLogs(faulty.always(Answer(429, "", {"Retry-After": "3"}))).search(["orders"], WINDOW, LEVELS, 10)
    assert caught.value.retry_after_s == 3


@pytest.mark.parametrize("values", [[["now", "x"]], [["1"]], [[1, "x"]], [["9" * 30, "x"]]])
def test_lines_that_cannot_be_read_are_left_out_and_counted(
    faulty: HttpServer, caplog: pytest.LogCaptureFixture, values: Sequence[Any]
) -> None:
    good = [str(nanoseconds(WINDOW.start)), "good"]
    result = [{"stream": {"service_name": "orders"}, "values": [good, *values]}]
    body = {"status": "success", "data": {"resultType": "streams", "result": result}, "warnings": ["one is away"]}
    page = LokiLogs(faulty.always(Answer.json(json.dumps(body)))).search(["orders"], WINDOW, LEVELS, 10)
    assert (page.total, _texts(page)) == (2, ["good"])
    assert "1 of 2 lines from Loki cannot be read" in caplog.text
    assert "Loki warns: one is away" in caplog.text
