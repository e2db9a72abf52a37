"""Questions to a real Prometheus that scrapes a small page of metrics."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from activities.metric_findings import findings_of
from activities.metric_queries import ask
from domain.finding import Window
from domain.question import Question
from domain.services import Expression, Service, ServiceMap
from integrations.ports import Rejected
from integrations.prometheus import PrometheusMetrics
from rig.servers.plain import PLAIN
from rig.servers.prometheus import PrometheusServer, ScrapeJob
from tests.adapters.http_server import Answer, http_server
from tests.adapters.under_care import wait_until

BIRDS = 10_000
# The pages are served by the process that reads the answers, ten thousand series among them: a scrape may have to wait
# for that, and one that is late marks every series of its page as gone.
EVERY_S = 5.0
METRICS = """\
temperature{room="kitchen"} 21.5
temperature{room="cellar"} NaN
temperature{room="oven"} +Inf
"""
RULES = """
groups:
  - name: house
    rules:
      - {alert: Hot, expr: 'temperature{room="kitchen"} > 20', labels: {severity: page}}
      - {alert: Cold, expr: 'temperature{room="kitchen"} < 0', labels: {severity: page}}
      - {alert: Waiting, expr: 'temperature{room="kitchen"} > 20', for: 1h}
      - {alert: Broken, expr: 'temperature * on() temperature'}
  - name: seldom
    interval: 1h
    rules:
      - {alert: Unseen, expr: 'vector(1)'}
"""


def _health(server: PrometheusServer, rule: str) -> str:
    groups = httpx.get(f"{server.url}/api/v1/rules", trust_env=False, verify=PLAIN).json()["data"]["groups"]
    return next((r["health"] for group in groups for r in group["rules"] if r["name"] == rule), "not there")


@pytest.fixture(scope="module")
def metrics(prometheus: PrometheusServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrometheusMetrics]:
    """The source, when Prometheus has scraped the house and judged its rules."""
    rules: Path = tmp_path_factory.mktemp("rules") / "house.yml"
    rules.write_text(RULES)
    with http_server() as house, http_server() as zoo:
        house.always(Answer(body=METRICS))
        zoo.always(Answer(body="".join(f'bird{{ring="{ring}"}} 1\n' for ring in range(BIRDS))))
        places = {"house": house.url.removeprefix("http://"), "zoo": zoo.url.removeprefix("http://")}
        jobs = [ScrapeJob(name, [place], every=EVERY_S) for name, place in places.items()]
        prometheus.jobs += jobs
        prometheus.rules.append(rules)
        prometheus.reload()
        source = PrometheusMetrics(prometheus.url)
        wait_until(lambda: [i.value for i in source.query("count(bird)")] == [BIRDS], "all birds are counted")
        wait_until(lambda: source.firing({"alertname": "Hot"}) is True, "the kitchen is found to be hot")
        wait_until(lambda: _health(prometheus, "Broken") == "err", "the broken rule has failed")
        wait_until(lambda: len(list(source.query("temperature offset 2s"))) == 3, "the house has a past of two seconds")
        yield source
        prometheus.rules.remove(rules)
        for job in jobs:
            prometheus.jobs.remove(job)
    prometheus.reload()


def test_a_series_that_moved_is_shown_step_by_step_with_gaps_where_nobody_measured(metrics: PrometheusMetrics) -> None:
    """The house is scraped since a few seconds only: most of the half hour before has no value, and shows none."""
    heat = Expression(
        name="temperature", kind="latency", query='temperature{room="kitchen"}', unit="C", floor=0.1, bound=1.0
    )
    wait_until(lambda: len(list(metrics.query(f"{heat.query} offset 12s"))) == 1, "the kitchen has a past of two steps")
    now = datetime.now(UTC)
    graph = ServiceMap(services=(Service(name="house"),), expressions=(heat,))
    question = Question(incident="INC-1", services=("house",), onset=now - timedelta(seconds=30), now=now, graph=graph)
    (found,) = findings_of(ask(metrics, question), metrics, question)
    assert found.curve is not None
    assert set(found.curve.values) == {None, 21.5}
    assert found.curve.values[0] is None
    assert (found.curve.values[-1], found.curve.bound, found.curve.usual) == (21.5, 1.0, 1.0)


def _last(seconds: float) -> Window:
    now = datetime.now(UTC)
    return Window(start=now - timedelta(seconds=seconds), end=now)


def test_values_now_keep_their_labels_and_what_is_no_number_has_no_value(metrics: PrometheusMetrics) -> None:
    found = {i.labels["room"]: i.value for i in metrics.query("temperature")}
    assert found == {"kitchen": 21.5, "cellar": None, "oven": None}


def test_a_query_that_finds_nothing_gives_nothing(metrics: PrometheusMetrics) -> None:
    assert list(metrics.query("no_such_metric")) == []
    assert list(metrics.query_range("no_such_metric", _last(60), 5)) == []


@pytest.mark.parametrize(("query", "value"), [("scalar(vector(7))", 7.0), ("1 / 4", 0.25), ("0 / 0", None)])
def test_a_scalar_is_one_value_without_labels(metrics: PrometheusMetrics, query: str, value: float | None) -> None:
    (found,) = metrics.query(query)
    assert (found.labels, found.value) == ({}, value)


def test_a_series_has_a_point_for_each_step_and_its_end_is_excluded(metrics: PrometheusMetrics) -> None:
    start = datetime(2026, 1, 31, 12, 0, 0, 250_000, tzinfo=UTC)
    window = Window(start=start, end=start + timedelta(minutes=1))
    (series,) = metrics.query_range("vector(3)", window, 20)
    assert series.labels == {}
    assert series.points == tuple((start.timestamp() + offset, 3.0) for offset in (0, 20, 40))


def test_steps_may_be_parts_of_a_second(metrics: PrometheusMetrics) -> None:
    start = datetime(2026, 1, 31, 12, tzinfo=UTC)
    (series,) = metrics.query_range("vector(3)", Window(start=start, end=start + timedelta(seconds=1)), 0.25)
    assert [at - start.timestamp() for at, _ in series.points] == [0, 0.25, 0.5, 0.75]


def test_points_that_are_no_number_are_left_out_and_so_are_series_without_any(metrics: PrometheusMetrics) -> None:
    series = metrics.query_range("temperature", _last(2), 0.5)
    assert {s.labels["room"] for s in series} == {"kitchen"}
    assert {value for _, value in series[0].points} == {21.5}
    (mixed,) = metrics.query_range("time() / (vector(time()) > bool 1769860820)", _window_of(1_769_860_800, 40), 10)
    assert [at for at, _ in mixed.points] == [1_769_860_830.0]


def _window_of(start: int, seconds: int) -> Window:
    at = datetime.fromtimestamp(start, UTC)
    return Window(start=at, end=at + timedelta(seconds=seconds))


def test_ten_thousand_series_are_refused_with_the_query_and_the_numbers(metrics: PrometheusMetrics) -> None:
    words = r"'bird' gives at least 10000 series, 1000 are allowed: aggregate it"
    with pytest.raises(Rejected, match=words):
        metrics.query("bird")
    with pytest.raises(Rejected, match=words):
        metrics.query_range("bird", _last(60), 15)


def test_just_as_many_series_as_are_allowed_are_given(prometheus: PrometheusServer, metrics: PrometheusMetrics) -> None:
    assert metrics
    exact = PrometheusMetrics(prometheus.url, max_series=100)
    assert len(exact.query('bird{ring=~"[0-9]{1,2}"}')) == 100
    with pytest.raises(Rejected, match="gives at least 101 series"):
        exact.query('bird{ring=~"[0-9]{1,2}|100"}')


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("sum(", "Prometheus answered 400: .*parse error"),
        ("temperature * on() temperature", "Prometheus answered 422: .*many-to-many"),
        ("temperature[5m]", "'temperature.5m.' selects a range of time"),
    ],
)
def test_a_wrong_query_is_rejected_in_prometheus_own_words(metrics: PrometheusMetrics, query: str, words: str) -> None:
    with pytest.raises(Rejected, match=words):
        metrics.query(query)


def test_a_window_of_too_many_points_is_rejected(metrics: PrometheusMetrics) -> None:
    with pytest.raises(Rejected, match="exceeded maximum resolution of 11,000 points"):
        metrics.query_range("temperature", _last(86_400), 1)


@pytest.mark.parametrize(
    ("labels", "fires"),
    [
        ({"alertname": "Hot"}, True),
        ({"alertname": "Hot", "severity": "page", "room": "kitchen"}, True),
        ({"alertname": "Hot", "room": "kitchen", "cluster": "added on the way"}, True),
        ({"alertname": "Hot", "room": "bathroom"}, False),
        ({"room": "kitchen"}, None),
        ({"alertname": "Cold"}, False),
        ({"alertname": "Waiting"}, True),
        ({"alertname": "Broken"}, None),
        ({"alertname": "Unseen"}, None),
        ({"alertname": "Unheard of"}, None),
    ],
)
def test_an_alert_fires_does_not_or_nobody_can_tell(
    metrics: PrometheusMetrics, labels: dict[str, str], fires: bool | None
) -> None:
    assert metrics.firing(labels) is fires


def test_the_link_shows_the_query_over_the_window() -> None:
    window = Window(
        start=datetime(2026, 1, 31, 11, 30, tzinfo=UTC), end=datetime(2026, 1, 31, 12, 0, 0, 500, tzinfo=UTC)
    )
    link = urlsplit(PrometheusMetrics("http://prometheus:9090/").link('up{service="a&b"} == 0', window))
    assert (link.netloc, link.path) == ("prometheus:9090", "/graph")
    assert parse_qs(link.query) == {
        "g0.expr": ['up{service="a&b"} == 0'],
        "g0.tab": ["0"],
        "g0.range_input": ["1801s"],
        "g0.end_input": ["2026-01-31 12:00:00"],
    }
