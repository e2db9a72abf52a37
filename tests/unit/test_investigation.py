"""What each source's activity finds, does not find, and says when it cannot look."""

import json
import re
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from threading import Barrier

import pytest
from temporalio.common import RetryPolicy
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities import demand_findings
from activities.bulk import MOST_FINDINGS, most_telling
from activities.database_findings import asked
from activities.metric_queries import filled
from activities.recall_findings import ALIKE_FROM, WORTH_SAYING_FROM
from activities.recall_findings import findings_of as recalled
from activities.windows import impact_ranges_s
from analysis.starving import UNASKED
from domain.catalogue import Case, choose
from domain.finding import Category, Finding, Presence, Source, Window, missing
from domain.incident import Outcome
from domain.levels import Severity
from domain.memory import Remembered, Similar, symptoms_of
from domain.plan import Action
from domain.policy import Policy
from domain.question import Question
from domain.services import Expression, Marker, Service, ServiceMap
from integrations.embeddings import HashingEmbedder
from integrations.ports import Instant, LogPage, PortError, Rejected, Series, SessionGroup, Unavailable
from tests.fakes import FakeLogs
from tests.unit.troubled_shop import (
    EXPRESSIONS,
    FAULT,
    NOW,
    ONSET,
    ORDERS_DATABASE,
    SHOP,
    Story,
    TroubledShop,
    diagnosis_of,
    log_line,
    question_about,
    request,
)

QUESTION = question_about()
LOOKS = {
    Source.METRICS: "look_at_metrics", Source.LOGS: "look_at_logs", Source.TRACES: "look_at_traces",
    Source.DATABASE: "look_at_databases", Source.MEMORY: "recall",
}  # fmt: skip


def look(shop: TroubledShop, source: Source, question: Question = QUESTION, *without: Source) -> tuple[Finding, ...]:
    return getattr(shop.activities(*without), LOOKS[source])(question)


def of_kind(findings: tuple[Finding, ...], kind: str, service: str | None = None) -> list[Finding]:
    return [f for f in findings if f.kind == kind and service in (None, f.service)]


# -- every source --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("source", list(LOOKS))
def test_a_source_that_is_not_configured_says_so(source: Source) -> None:
    found = look(TroubledShop(), source, QUESTION, source)
    assert [(f.presence, f.title) for f in found] == [(Presence.MISSING, f"{source}: not configured")]


@pytest.mark.parametrize("source", list(LOOKS))
def test_a_source_that_refuses_is_missing_with_its_reason_and_not_asked_again(source: Source) -> None:
    shop = TroubledShop()
    shop.source(source).error = Rejected("401: the token has expired")
    found = look(shop, source)
    assert found
    assert {f.presence for f in found} == {Presence.MISSING} or source is Source.METRICS
    assert any("401: the token has expired" in f.title for f in found)


@pytest.mark.parametrize("source", list(LOOKS))
@pytest.mark.parametrize("wait_s", [None, 7.0])
def test_a_source_that_is_away_is_asked_again_when_it_said(source: Source, wait_s: float | None) -> None:
    shop = TroubledShop()
    shop.source(source).error = Unavailable("429: too many requests", retry_after_s=wait_s)
    with pytest.raises(ApplicationError, match="429") as caught:
        look(shop, source)
    assert caught.value.type == "Unavailable"
    assert not caught.value.non_retryable
    assert caught.value.next_retry_delay == (None if wait_s is None else timedelta(seconds=wait_s))


@pytest.mark.parametrize("source", [Source.METRICS, Source.LOGS, Source.TRACES, Source.DATABASE])
def test_every_finding_can_be_repeated(source: Source) -> None:
    for finding in look(TroubledShop(), source):
        assert finding.query
        assert finding.window.start <= finding.window.end <= NOW
        assert finding.link or finding.source is Source.DATABASE or finding.presence is Presence.ABSENT or (
            finding.kind == "slow_operation"
        )  # fmt: skip


@pytest.mark.parametrize("source", [Source.METRICS, Source.LOGS, Source.TRACES, Source.DATABASE])
def test_bulk_is_in_the_store_and_the_findings_say_where(source: Source) -> None:
    shop = TroubledShop()
    found = look(shop, source)
    refs = {f.evidence.sha256 for f in found if f.evidence is not None}
    assert len(refs) == 1
    assert all(f.evidence is not None for f in found)
    assert json.loads(shop.evidence.contents[refs.pop()])


@pytest.mark.parametrize("error", [Rejected("disk quota"), Unavailable("down")])
@pytest.mark.parametrize("source", [Source.METRICS, Source.LOGS, Source.TRACES, Source.DATABASE])
def test_without_the_evidence_store_findings_come_all_the_same_and_say_so(source: Source, error: PortError) -> None:
    whole, shop = look(TroubledShop(), source), TroubledShop()
    shop.evidence.error = error
    bare = look(shop, source)
    assert [f.title for f in bare] == [f.title for f in whole]
    assert all(f.evidence is None and f.facts["evidence"] == f"not stored: {error}" for f in bare)


@pytest.mark.parametrize("source", list(LOOKS))
@pytest.mark.parametrize("story", ["healthy", "pool", "lock"])
async def test_findings_fit_into_history_and_come_back_the_same(source: Source, story: str) -> None:
    found = look(TroubledShop("pool" if story == "pool" else "lock" if story == "lock" else "healthy"), source)
    assert len(found) <= MOST_FINDINGS
    payloads = await pydantic_data_converter.encode([found])
    assert sum(len(p.data) for p in payloads) < 40_000
    assert await pydantic_data_converter.decode(payloads, [tuple[Finding, ...]]) == [found]


# -- metrics ---------------------------------------------------------------------------------------------------------


def test_a_shift_has_value_baseline_and_onset() -> None:
    shift = of_kind(look(TroubledShop(), Source.METRICS), "metric_shift", "orders")[0]
    assert shift.baseline == pytest.approx(0)
    assert shift.value == pytest.approx(0.97, abs=0.03)
    assert shift.onset == FAULT
    assert shift.facts["beyond_bound"] is True
    assert shift.strength > 5


def test_the_onset_is_this_troubles_and_not_an_earlier_ones() -> None:
    shop = TroubledShop("pool")
    earlier = FAULT.timestamp() - 400
    series = shop.metrics.ranges['e{s="orders"}[1m]'][0]
    points = tuple((at, 0.9 if earlier <= at < earlier + 120 else value) for at, value in series.points)
    shop.metrics.ranges['e{s="orders"}[1m]'] = (series.model_copy(update={"points": points}),)
    assert of_kind(look(shop, Source.METRICS), "metric_shift", "orders")[0].onset == FAULT


def test_a_calm_service_is_a_finding_of_absence() -> None:
    found = of_kind(look(TroubledShop(), Source.METRICS), "no_shift")
    assert [(f.service, f.presence) for f in found] == [("catalogue", Presence.ABSENT)]
    assert "error ratio, latency p95" in found[0].title


def test_no_series_is_missing_and_never_zero() -> None:
    shop = TroubledShop()
    for query in [q for q in shop.metrics.ranges if "catalogue" in q]:
        del shop.metrics.ranges[query]
    found = look(shop, Source.METRICS)
    assert not [f for f in found if f.service == "catalogue"]
    assert any(f.presence is Presence.MISSING and "no series of catalogue" in f.title for f in found)


def test_one_query_that_is_refused_or_too_slow_does_not_cost_the_others() -> None:
    shop = TroubledShop()
    shop.metrics.refused['e{s="gateway"}[1m]'] = "10000 series are more than the cap of 500"
    shop.metrics.slow.add('l{s="gateway"}[1m]')
    found = look(shop, Source.METRICS)
    for said in ("was refused: 10000 series", "was not answered: Prometheus answered 503"):
        assert any(f.presence is Presence.MISSING and said in f.title for f in found)
    assert of_kind(found, "metric_shift", "orders")


def test_a_better_value_is_no_finding() -> None:
    shop = TroubledShop("healthy")
    shop.metrics.ranges['e{s="orders"}[1m]'] = (steps(0.5, 0.0),)
    shop.metrics.ranges['l{s="orders"}[1m]'] = (steps(3.0, 0.1),)
    assert not of_kind(look(shop, Source.METRICS), "metric_shift")


def test_requests_that_stay_away_are_a_symptom_and_more_of_them_a_load_spike() -> None:
    shop = TroubledShop("healthy")
    shop.metrics.ranges['r{s="orders"}'] = (steps(100, 2),)
    shop.metrics.ranges['r{s="gateway"}'] = (steps(100, 5000),)
    found = look(shop, Source.METRICS)
    fewer, more = (of_kind(found, "metric_shift", s)[0] for s in ("orders", "gateway"))
    assert Category.LOAD_SPIKE not in fewer.categories
    assert more.categories == {Category.LOAD_SPIKE: 0.7}
    harmful = tuple(e.model_copy(update={"harmful": "up"}) if e.kind == "load" else e for e in EXPRESSIONS)
    judged = look(shop, Source.METRICS, question_about(graph=SHOP.model_copy(update={"expressions": harmful})))
    assert of_kind(judged, "metric_shift", "gateway")[0].strength == pytest.approx(2 * more.strength)


def test_a_series_that_ends_is_told_and_not_taken_for_zero() -> None:
    shop = TroubledShop("healthy")
    series = steps(0.0, 0.0)
    ended = tuple(p for p in series.points if p[0] < FAULT.timestamp())
    shop.metrics.ranges['e{s="orders"}[1m]'] = (series.model_copy(update={"points": ended}),)
    later = question_about(now=NOW + timedelta(minutes=3))
    found = of_kind(look(shop, Source.METRICS, later), "series_vanished")
    assert "orders" in {f.service for f in found}
    assert all(f.value is None for f in found)


def test_a_resource_counts_as_it_was_when_its_service_fell_silent() -> None:
    """A process whose memory is full cannot say so any more; an error ratio that ends says nothing of errors."""
    shop = TroubledShop("healthy")
    full = Expression(name="memory", kind="memory", query='m{s="{service}"}', unit="bytes", floor=1e6, limit=2e8)
    graph = SHOP.model_copy(update={"expressions": (*EXPRESSIONS, full)})
    calm = [(ONSET.timestamp() - 1800 + 5 * n, 7e7) for n in range(330)]
    last = [(ONSET.timestamp() - 60 + 5 * n, 1.2e8 + 1e7 * n) for n in range(8)]
    shop.metrics.ranges['m{s="orders"}'] = (Series(labels={}, points=(*calm, *last)),)
    found = of_kind(look(shop, Source.METRICS, question_about(graph=graph)), "metric_shift", "orders")
    assert [(f.facts["metric"], f.value) for f in found] == [("memory", 1.8e8)]
    assert Category.MEMORY_LEAK in found[0].categories


MARKERS = (
    Marker(kind="rollout", query='build{s="{service}"}', label="version"),
    Marker(kind="config", query='told{s="{service}"}', label="digest"),
)


def test_without_a_cluster_a_service_says_itself_what_was_released() -> None:
    """A minute before the onset; its settings are as ever, which speaks against them."""
    shop = TroubledShop("healthy")
    since = ONSET.timestamp()
    before = tuple((since - 3600 + 5 * n, 1.0) for n in range(707))
    after = tuple((since - 60 + 5 * n, 1.0) for n in range(20))
    shop.metrics.ranges['build{s="orders"}'] = (
        Series(labels={"version": "1.4.2"}, points=before), Series(labels={"version": "1.5.0"}, points=after),
    )  # fmt: skip
    shop.metrics.ranges['told{s="orders"}'] = (Series(labels={"digest": "a1"}, points=(*before, *after)),)
    asked = question_about(graph=SHOP.model_copy(update={"markers": MARKERS}))
    found = shop.activities().look_at_changes(asked)
    ours = {f.kind: f for f in found if f.service == "orders"}
    assert ours["rollout"].categories == {Category.BAD_DEPLOYMENT: 1.0}
    assert ours["rollout"].facts["version"] == "1.5.0"
    assert ours["rollout"].facts["before_onset_s"] == pytest.approx(60)
    assert ours["no_config"].against == {Category.CONFIG: 1.0}
    # Taken back three minutes before, it has nothing to do with what begins now.
    shop.metrics.ranges['build{s="orders"}'] = (
        Series(labels={"version": "1.4.2"}, points=tuple(p for p in before if not since - 400 < p[0] < since - 180)),
        Series(labels={"version": "1.5.0"}, points=tuple((since - 400 + 5 * n, 1.0) for n in range(44))),
    )  # fmt: skip
    earlier = [f for f in shop.activities().look_at_changes(asked) if f.service == "orders" and f.kind == "rollout"]
    assert [f.strength for f in earlier] == [0.0, 0.0]
    # Nor has a canary of those minutes, beside which the old one ran on.
    shop.metrics.ranges['build{s="orders"}'] = (
        Series(labels={"version": "1.4.2"}, points=(*before, *after)),
        Series(labels={"version": "1.5.0"}, points=tuple((since - 400 + 5 * n, 1.0) for n in range(44))),
    )  # fmt: skip
    canary = [f for f in shop.activities().look_at_changes(asked) if f.service == "orders" and f.kind == "rollout"]
    assert [f.strength for f in canary] == [0.0]
    # Who says nothing was not seen: that is no word against a change.
    assert all(f.presence is Presence.MISSING for f in found if f.service is None)


def test_what_was_released_is_still_found_a_day_later() -> None:
    """Seen less often: a source gives only so many points at once."""
    shop = TroubledShop("healthy")
    since = ONSET.timestamp()
    shop.metrics.ranges['build{s="orders"}'] = tuple(
        Series(labels={"version": version}, points=tuple((since + at, 1.0) for at in range(begin, end, 15)))
        for version, begin, end in (("1.4.2", -3600, -60), ("1.5.0", -60, 86_400))
    )
    asked = question_about(graph=SHOP.model_copy(update={"markers": MARKERS}))
    later = asked.model_copy(update={"now": ONSET + timedelta(days=1)})
    found = [f for f in shop.activities().look_at_changes(later) if f.service == "orders" and f.kind == "rollout"]
    assert [f.facts["version"] for f in found] == ["1.5.0"]
    assert found[0].strength > 0


def test_without_a_past_the_bound_is_the_measure() -> None:
    shop = TroubledShop("healthy")
    young = tuple((ONSET.timestamp() + 5 * n, 0.5) for n in range(8))
    shop.metrics.ranges['e{s="orders"}[1m]'] = (Series(labels={}, points=young),)
    shop.metrics.ranges['l{s="orders"}[1m]'] = (Series(labels={}, points=young),)
    found = of_kind(look(shop, Source.METRICS), "metric_shift", "orders")
    assert [f.facts["metric"] for f in found] == ["errors"]


def test_the_one_that_moved_first_is_said_to_lead() -> None:
    shop = TroubledShop("healthy")
    points = [(ONSET.timestamp() - 1800 + 5 * n, 0.0) for n in range(368)]
    shop.metrics.ranges['e{s="gateway"}[1m]'] = (raised(points, FAULT.timestamp() + 20),)
    shop.metrics.ranges['e{s="orders"}[1m]'] = (raised(points, FAULT.timestamp()),)
    orders = of_kind(look(shop, Source.METRICS), "metric_shift", "orders")[0]
    assert orders.facts["lead_s"] == pytest.approx(20)
    assert orders.facts["ahead_of"] == "gateway: error ratio 0.9"


@pytest.mark.parametrize("scale", [1000.0, 0.001])
def test_units_of_a_metric_do_not_decide(scale: float) -> None:
    """Milliseconds instead of seconds, with the floor in milliseconds: the same strengths and the same cause."""
    shop, other = TroubledShop("lock"), TroubledShop("lock")
    for query, series in shop.metrics.ranges.items():
        if query.startswith("l"):
            points = tuple((at, value * scale) for at, value in series[0].points)
            other.metrics.ranges[query] = (series[0].model_copy(update={"points": points}),)
    scaled = tuple(e.model_copy(update={"floor": e.floor * scale}) if e.kind == "latency" else e for e in EXPRESSIONS)
    graph = SHOP.model_copy(update={"expressions": scaled})
    here = of_kind(look(shop, Source.METRICS), "metric_shift")
    there = of_kind(look(other, Source.METRICS, question_about(graph=graph)), "metric_shift")
    assert [(f.service, f.facts["metric"]) for f in there] == [(f.service, f.facts["metric"]) for f in here]
    assert [f.strength for f in there] == pytest.approx([f.strength for f in here])


@pytest.mark.parametrize(
    ("service", "expected"),
    [
        ("orders", 'x{s="orders"}[1m]'),
        ('a"} or up{x="', 'x{s="a\\"} or up{x=\\""}[1m]'),
        ("a\\", 'x{s="a\\\\"}[1m]'),
        ("{window}", 'x{s="{window}"}[1m]'),
    ],
)
def test_a_service_name_stays_inside_of_its_string(service: str, expected: str) -> None:
    assert filled('x{s="{service}"}[{window}]', service, "1m") == expected


def test_braces_of_promql_are_left_alone() -> None:
    query = 'rate(x{code=~"5..",s="{service}"}[{window}])'
    assert filled(query, "orders", "2m") == 'rate(x{code=~"5..",s="orders"}[2m])'


# -- logs ------------------------------------------------------------------------------------------------------------


def test_no_errors_is_a_finding_that_speaks_against_the_application() -> None:
    found = look(TroubledShop("healthy"), Source.LOGS)
    assert [(f.kind, f.presence) for f in found] == [("no_errors", Presence.ABSENT)]
    assert found[0].title == ("No errors in 11:50-12:00 UTC in 3 services; that speaks against an application fault")
    assert found[0].against == {Category.UNKNOWN: 1.0}


def test_templates_carry_counts_first_seen_and_category() -> None:
    found = of_kind(look(TroubledShop(), Source.LOGS), "error_template", "orders")
    assert found[0].value == 112
    assert found[0].baseline == 0
    assert found[0].onset is not None
    assert found[0].facts["category"] == "connection"
    assert found[0].categories[Category.CONNECTION_POOL] == 1.0


def test_secrets_and_people_in_a_log_line_appear_nowhere() -> None:
    shop = TroubledShop("healthy")
    line = "login of ana@example.com failed: password=hunter2 token eyJhbGciOi.eyJzdWIi.x " + "z" * 500
    shop.logs.lines = [log_line("orders", line, ONSET + timedelta(seconds=n)) for n in range(20)]
    found = look(shop, Source.LOGS)
    everything = "".join(f.model_dump_json() for f in found) + "".join(
        content.decode() for content in shop.evidence.contents.values()
    )
    assert "<email>" in everything
    assert not any(secret in everything for secret in ("ana@example.com", "hunter2", "eyJhbGciOi"))
    assert all(len(f.title) < 320 for f in found)


def test_an_earlier_trouble_does_not_speak_for_this_one() -> None:
    """The pool was full six minutes ago; now a lock is held, and nobody writes of the pool any more."""
    shop = TroubledShop("lock")
    before = TroubledShop("pool").logs.lines
    shop.logs.lines += [line.model_copy(update={"at": line.at - timedelta(minutes=6)}) for line in before]
    found = look(shop, Source.LOGS)
    assert not any(f.categories.get(Category.CONNECTION_POOL) for f in found)
    assert any(f.categories.get(Category.DEPENDENCY) == 1.0 for f in found)


def test_a_second_look_sees_the_present_and_not_the_first_look_again() -> None:
    shop = TroubledShop("pool")
    shop.logs.lines.append(log_line("orders", "deadlock detected", ONSET + timedelta(minutes=58)))
    shop.logs.lines += [
        log_line("orders", "deadlock detected", ONSET + timedelta(minutes=59, seconds=n)) for n in range(9)
    ]
    found = look(shop, Source.LOGS, question_about(now=ONSET + timedelta(hours=1)))
    assert [f.title.split(" (")[0] for f in of_kind(found, "error_template")] == ["orders: deadlock detected"]


def test_a_flood_of_templates_is_cut_to_the_most_telling() -> None:
    shop = TroubledShop("pool")
    words = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta"]
    shop.logs.lines += [
        log_line("orders", f"{a} {b} went wrong", ONSET + timedelta(seconds=1)) for a in words for b in words
    ]
    found = look(shop, Source.LOGS)
    assert len(found) <= MOST_FINDINGS
    assert any(f.categories.get(Category.CONNECTION_POOL) for f in found)


def test_errors_that_have_stopped_count_a_quarter_and_say_since_when() -> None:
    shop = TroubledShop("pool")
    later = question_about(now=NOW + timedelta(seconds=90))
    now, then = (of_kind(look(shop, Source.LOGS, q), "error_template", "orders")[0] for q in (QUESTION, later))
    assert then.strength == pytest.approx(now.strength / 4, rel=0.05)
    assert "none since 12:00:3" in then.title


def asked_more(requests: float, lines: float, service: str = "gateway") -> TroubledShop:
    """A shop in which a service is asked so many times as often, by its counter and by its lines; front grows slow."""
    shop = TroubledShop("healthy")
    for name in {service, "orders"}:
        shop.metrics.ranges[f'r{{s="{name}"}}'] = (shop.series(name, 7, 7 * requests),)
    shop.metrics.ranges['l{s="gateway"}[1m]'] = (shop.series("gateway", 0.024, 0.2),)
    calm = [ONSET - timedelta(minutes=2, seconds=2 * n + 1) for n in range(900)]
    now = [ONSET + timedelta(seconds=2 * n / lines) for n in range(int(20 * lines))]
    shop.logs.lines = [
        log_line(service, f"GET /orders answered 200 in {n} ms", at).model_copy(update={"level": "INFO"})
        for n, at in enumerate([*calm, *now])
    ]
    return shop


@pytest.mark.parametrize(
    ("shop", "named"),
    [
        pytest.param(asked_more(15, 15), True, id="the counter of requests and the lines agree"),
        pytest.param(asked_more(12, 15), True, id="they agree but for a little"),
        pytest.param(asked_more(15, 1), True, id="only the counter"),
        pytest.param(asked_more(1, 15), False, id="only the lines: something else made it talkative"),
        pytest.param(asked_more(1.6, 1.6), False, id="half as many again is no spike"),
        pytest.param(asked_more(15, 15, "orders"), False, id="a callee that is asked again and again"),
    ],
)
def test_a_load_spike_is_named_where_requests_rose_at_the_door(shop: TroubledShop, *, named: bool) -> None:
    cause = shop.diagnose().named
    assert (cause is not None) == named
    assert cause is None or (cause.category, cause.service) == (Category.LOAD_SPIKE, "gateway")


class ErrorsOnly(FakeLogs):
    """Answers for errors, and has no time for whatever else."""

    def search(self, services: Sequence[str], window: Window, levels: Sequence[str], limit: int) -> LogPage:
        if "ERROR" not in levels:
            raise Unavailable("too slow")
        return super().search(services, window, levels, limit)


def test_a_source_that_does_not_tell_of_demand_has_still_told_of_errors() -> None:
    whole, slow = TroubledShop(), TroubledShop()
    slow.logs = ErrorsOnly()
    slow.logs.lines = whole.logs.lines
    assert look(slow, Source.LOGS) == look(whole, Source.LOGS)
    assert of_kind(look(slow, Source.LOGS), "error_template")


def test_a_source_that_was_slow_with_its_errors_is_not_asked_of_demand() -> None:
    """Its next search may hang for ten seconds, and the activity ends after twenty: errors would be lost with it."""
    asked: list[Window] = []

    class Counted(FakeLogs):
        def search(self, services: Sequence[str], window: Window, levels: Sequence[str], limit: int) -> LogPage:
            asked.append(window)
            return super().search(services, window, levels, limit)

    demand_findings.findings_of(Counted(), QUESTION, time.monotonic() - 8.1)
    assert asked == []
    demand_findings.findings_of(Counted(), QUESTION, time.monotonic())
    assert asked != []


# -- traces ----------------------------------------------------------------------------------------------------------


def test_the_origin_of_failing_traces_is_named_with_the_path_to_it() -> None:
    origin = of_kind(look(TroubledShop(), Source.TRACES), "trace_origin")[0]
    assert origin.service == "orders"
    assert origin.facts["path"] == "gateway > orders"
    assert origin.facts["explains:gateway"] == pytest.approx(1.0)
    assert origin.link is not None


def test_a_slow_statement_is_a_bottleneck() -> None:
    slow = of_kind(look(TroubledShop("lock"), Source.TRACES), "slow_operation")[0]
    assert (slow.service, slow.facts["operation"]) == ("orders", "SELECT orders")
    assert slow.value == pytest.approx(1.2, abs=0.05)


def test_traces_without_failures_are_absence_and_no_traces_are_missing() -> None:
    shop = TroubledShop("healthy")
    assert [f.presence for f in look(shop, Source.TRACES)] == [Presence.ABSENT]
    shop.traces.all = []
    assert [f.presence for f in look(shop, Source.TRACES)] == [Presence.MISSING]


def test_failures_at_their_usual_rate_are_no_finding() -> None:
    shop = TroubledShop("healthy")
    shop.traces.all += [
        request(f"bad{n}", ONSET - timedelta(minutes=19) + timedelta(seconds=6 * n), "pool") for n in range(195)
    ]
    assert [f.presence for f in look(shop, Source.TRACES)] == [Presence.ABSENT]


# -- databases -------------------------------------------------------------------------------------------------------


def test_idle_sessions_of_a_foreign_application_have_the_facts_that_a_plan_needs() -> None:
    held = of_kind(look(TroubledShop(), Source.DATABASE), "idle_sessions")[0]
    assert held.value == 12
    assert held.categories == {Category.CONNECTION_POOL: 1.0}
    assert {key: held.facts[key] for key in held.facts if key != "evidence"} == {
        "target": "database/orders", "database": "orders", "role": "reporting", "application": "nightly-report",
        "idle": 12, "oldest_s": 43.0, "used": 12, "limit": 12, "share": 1.0,
    }  # fmt: skip


def test_a_held_lock_speaks_for_a_dependency_and_against_the_pool() -> None:
    found = look(TroubledShop("lock"), Source.DATABASE)
    lock = of_kind(found, "blocked_sessions")[0]
    assert lock.facts["blocker_application"] == "schema-migration"
    assert (lock.facts["waiting"], lock.facts["relation"]) == (10, "orders")
    assert lock.against == {Category.CONNECTION_POOL: 1.0}
    assert not of_kind(found, "idle_sessions")


def test_room_in_the_database_speaks_against_its_pool() -> None:
    found = look(TroubledShop("healthy"), Source.DATABASE)
    assert [(f.kind, f.presence) for f in found] == [("sessions_normal", Presence.ABSENT)]
    assert found[0].against[Category.CONNECTION_POOL] == 1.0


TWO = ServiceMap(
    services=(
        *(s for s in SHOP.services if s.name != "catalogue"),
        Service(name="catalogue", databases=(ORDERS_DATABASE.model_copy(update={"name": "catalogue"}),)),
    ),
    expressions=EXPRESSIONS,
)  # fmt: skip


def _one_is_away(attempt: int, *, both: bool = False) -> tuple[Finding, ...]:
    """What is said when the catalogue's database, or each, does not answer this one of two attempts."""
    shop = TroubledShop()
    shop.databases.away = {"catalogue", "orders"} if both else {"catalogue"}
    environment = ActivityEnvironment()
    environment.info = replace(environment.info, attempt=attempt, retry_policy=RetryPolicy(maximum_attempts=2))
    return environment.run(shop.activities().look_at_databases, question_about(graph=TWO))


def test_a_database_that_is_away_hides_no_other_and_is_missing_with_its_service() -> None:
    found = _one_is_away(attempt=2)
    assert of_kind(found, "idle_sessions", "orders")
    (gone,) = [f for f in found if f.presence is Presence.MISSING]
    assert (gone.service, gone.title) == ("catalogue", "database catalogue: connection refused")


@pytest.mark.parametrize(("attempt", "both"), [(1, False), (1, True), (2, True)])
def test_it_is_asked_again_while_that_may_help_and_where_none_answers(attempt: int, both: bool) -> None:
    with pytest.raises(ApplicationError, match="connection refused"):
        _one_is_away(attempt, both=both)


def many(count: int) -> ServiceMap:
    """As many services with a database each on a server of its own, and orders'."""
    databases = [ORDERS_DATABASE.model_copy(update={"name": f"d{n}", "watch": f"w{n}"}) for n in range(count)]
    others = tuple(Service(name=f"s{n}", databases=(one,)) for n, one in enumerate(databases))
    return ServiceMap(services=(Service(name="orders", databases=(ORDERS_DATABASE,)), *others), expressions=EXPRESSIONS)


def _seen_of_many(count: int, away: set[str]) -> list[Finding]:
    """What is said of orders' database and as many others, all with room but those that are away."""
    shop, graph = TroubledShop("healthy"), many(count)
    room = shop.databases.states["orders"]
    shop.databases.states |= {f"d{n}": room.model_copy(update={"database": f"d{n}"}) for n in range(count)}
    shop.databases.away = away
    question = question_about("orders", *(f"s{n}" for n in range(count)), graph=graph)
    return [f for f in shop.activities().look_at_databases(question) if f.presence is Presence.MISSING]


def test_one_that_is_away_is_said_among_however_many_that_have_room() -> None:
    (gone,) = _seen_of_many(11, {"orders"})
    assert (gone.service, gone.title) == ("orders", "database orders: connection refused")


@pytest.mark.parametrize("away", [4, 9])
def test_where_more_are_away_than_can_be_shown_one_finding_says_it_of_all(away: int) -> None:
    """Those that are not shown must not pass for asked: the finding is of no service."""
    (gone,) = _seen_of_many(11, {"orders", *(f"d{n}" for n in range(away - 1))})
    assert gone.service is None
    assert {fact.removeprefix(UNASKED) for fact in gone.facts if fact.startswith(UNASKED)} == {
        "orders", *(f"s{n}" for n in range(away - 1))
    }  # fmt: skip
    assert (
        gone.title == f"database: {away} databases, orders, d0, d1 among them, could not be asked: connection refused"
    )


def test_neither_what_is_absent_nor_what_is_missing_crowds_the_other_out() -> None:
    window = Window(start=ONSET, end=NOW)
    gone = [missing(Source.METRICS, f"no series of s{n}", window) for n in range(9)]
    room = [
        Finding(
            source=Source.METRICS, presence=Presence.ABSENT, kind="no_shift", title=f"a{n}", strength=1, window=window
        )
        for n in range(9)
    ]
    found = [Finding(source=Source.METRICS, kind="seen", title=f"f{n}", strength=2, window=window) for n in range(20)]
    for some, left in (((*gone, *room, *found), (6, 3, 3)), ((*gone, *found), (6, 0, 6)), ((*room, *found), (6, 6, 0))):
        kept = [one.presence for one in most_telling(some)]
        assert tuple(kept.count(p) for p in (Presence.FOUND, Presence.ABSENT, Presence.MISSING)) == left


def test_a_server_that_is_away_is_asked_once_for_all_its_databases() -> None:
    """Each would take as long to say nothing; and one by one, as the role that looks has few connections."""
    shop = TroubledShop("healthy")
    shop.databases.away = {"orders", "d0", "d1"}
    here = [
        (f"s{n}", ORDERS_DATABASE.model_copy(update={"name": name})) for n, name in enumerate(("orders", "d0", "d1"))
    ]
    answers = asked(shop.databases, here, patience_s=0)
    assert [str(one.state) for one in answers] == ["connection refused"] * 3
    assert shop.databases.asked_for == ["orders"]


def test_one_that_says_at_once_that_it_is_away_is_no_reason_not_to_ask_the_next_of_its_server() -> None:
    """Its role may have had no connection left for a moment."""
    shop = TroubledShop("healthy")
    shop.databases.away = {"elsewhere"}
    here = [(name, ORDERS_DATABASE.model_copy(update={"name": name})) for name in ("elsewhere", "orders")]
    away, orders = asked(shop.databases, here)
    assert (str(away.state), orders.state) == ("connection refused", shop.databases.states["orders"])


def test_servers_are_asked_at_once() -> None:
    """Each waits until all are asked: one after the other none would ever answer."""
    shop, graph = TroubledShop("healthy"), many(3)
    shop.databases.states |= {f"d{n}": shop.databases.states["orders"] for n in range(3)}
    shop.databases.together = Barrier(4, timeout=10)
    found = shop.activities().look_at_databases(question_about("orders", "s0", "s1", "s2", graph=graph))
    assert [f.presence for f in found] == [Presence.ABSENT] * 4


def test_services_without_a_database_are_not_asked_about_one() -> None:
    assert look(TroubledShop(), Source.DATABASE, question_about("catalogue")) == ()


def test_the_names_of_roles_and_applications_are_shown_clean_and_kept_exact() -> None:
    shop = TroubledShop()
    sly = "report\u202e\n<b>"
    group = SessionGroup(role="reporting", application=sly, state="idle", count=12, oldest_s=5)
    shop.databases.states["orders"] = shop.databases.states["orders"].model_copy(update={"groups": (group,)})
    held = of_kind(look(shop, Source.DATABASE), "idle_sessions")[0]
    assert held.facts["application"] == sly
    assert "\u202e" not in held.title
    assert "\n" not in held.title


# -- memory ----------------------------------------------------------------------------------------------------------


def remembered(**changes: object) -> Remembered:
    facts: dict[str, object] = {
        "incident": "INC-20251231-AAAAAA", "service": "orders", "category": Category.CONNECTION_POOL,
        "cause": "nightly-report held 12 of 12 connections", "symptoms": symptoms_of(QUESTION.anomalies),
        "severity": Severity.HIGH, "outcome": Outcome.AUTO_RESOLVED, "opened_at": ONSET, "closed_at": NOW,
        "actions": ((Action.KILL_CONNECTIONS, True),),
    }  # fmt: skip
    return Remembered.model_validate({**facts, **changes})


def test_a_similar_incident_tells_its_cause_and_what_held() -> None:
    shop = TroubledShop()
    shop.memory.remember(remembered())
    found = look(shop, Source.MEMORY)[0]
    assert "KILL_CONNECTIONS held" in found.title
    assert found.categories == {Category.CONNECTION_POOL: 1.0}
    assert found.strength == pytest.approx(2.0)


@pytest.mark.parametrize(
    "changes",
    [{"service": "elsewhere"}, {"category": Category.UNKNOWN}, {"outcome": Outcome.FALSE_POSITIVE}],
)
def test_what_was_elsewhere_unknown_or_false_speaks_for_nothing(changes: dict[str, object]) -> None:
    shop = TroubledShop()
    shop.memory.remember(remembered(**changes))
    found = look(shop, Source.MEMORY)[0]
    assert (found.categories, found.strength) == ({}, 0.0)


def test_this_incident_is_not_similar_to_itself() -> None:
    shop = TroubledShop()
    shop.memory.remember(remembered(incident=QUESTION.incident))
    assert [f.kind for f in look(shop, Source.MEMORY)] == ["no_similar_incident"]


def _likeness(story: Story, past: Story) -> float:
    """By the real embedder, of an incident to a past one with other numbers."""
    shops = (TroubledShop(story, 1), TroubledShop(past, 2))
    now, then = (symptoms_of(QUESTION.anomalies, shop.investigate()) for shop in shops)
    here, there = HashingEmbedder().embed([now, re.sub(r"\d\d+", lambda n: str(int(n[0]) * 4 // 3), then)])
    return sum(a * b for a, b in zip(here, there, strict=True))


@pytest.mark.parametrize("story", ["pool", "lock"])
def test_a_repeat_is_alike_and_another_cause_is_not(story: Story) -> None:
    other: Story = "lock" if story == "pool" else "pool"
    assert _likeness(story, story) > ALIKE_FROM + 0.1
    assert WORTH_SAYING_FROM < _likeness(story, other) < ALIKE_FROM
    assert _likeness(story, "healthy") < WORTH_SAYING_FROM


@pytest.mark.parametrize(
    ("score", "kind", "said"),
    [
        (0.9, "similar_incident", "INC-20251231-AAAAAA on 2026-01-31 looked alike (0.90): nightly"),
        (
            0.6,
            "similar_incident",
            "most alike is INC-20251231-AAAAAA on 2026-01-31 (0.60), which is not close: nightly",
        ),
        (0.26, "no_similar_incident", "no incident like this one is remembered"),
    ],
)
def test_only_what_is_close_is_called_alike(score: float, kind: str, said: str) -> None:
    found = recalled((Similar(remembered=remembered(), score=score, why="orders"),), QUESTION, "symptoms")[0]
    assert (found.kind, found.title[: len(said)]) == (kind, said)
    assert (found.strength > 0) == bool(found.categories) == (score >= ALIKE_FROM)


# -- impact ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("services", [("gateway", "orders", "catalogue"), ("orders",)])
def test_impact_is_the_failing_share_of_the_front_door(services: tuple[str, ...]) -> None:
    """Also where only a callee was reported: users come in at the gateway."""
    assert TroubledShop().activities().measure_impact(question_about(*services)) == pytest.approx(0.6)


@pytest.mark.parametrize("values", [(), (None,)])
def test_impact_that_nobody_could_measure_is_none(values: tuple[float | None, ...]) -> None:
    shop = TroubledShop()
    for window in ("40s", "60s", "120s"):
        shop.metrics.instants[f'e{{s="gateway"}}[{window}]'] = [Instant(labels={}, value=v) for v in values]
    assert shop.activities().measure_impact(QUESTION) is None
    assert shop.activities(Source.METRICS).measure_impact(QUESTION) is None


@pytest.mark.parametrize(
    ("age_s", "ranges"),
    [(-5, (15, 30, 60, 120)), (3, (15, 30, 60, 120)), (25, (25, 30, 60, 120)), (30, (30, 60, 120)), (900, (120,))],
)
def test_impact_looks_no_further_back_than_the_trouble_is_old(age_s: int, ranges: tuple[int, ...]) -> None:
    """Two minutes that hold 25 s of trouble would read a tenth where half of all requests fail."""
    aged = QUESTION.model_copy(update={"now": ONSET + timedelta(seconds=age_s)})
    assert impact_ranges_s(aged) == ranges


def test_impact_is_measured_over_more_time_where_scrapes_are_rare() -> None:
    shop = TroubledShop()
    shop.metrics.instants['e{s="gateway"}[40s]'] = ()
    shop.metrics.instants['e{s="gateway"}[60s]'] = [Instant(labels={}, value=0.4)]
    assert shop.activities().measure_impact(QUESTION) == pytest.approx(0.4)


def test_a_refused_impact_query_is_none_and_an_unavailable_one_is_tried_again() -> None:
    shop = TroubledShop()
    shop.metrics.error = Rejected("bad query")
    assert shop.activities().measure_impact(QUESTION) is None
    shop.metrics.error = Unavailable("down")
    with pytest.raises(ApplicationError, match="down"):
        shop.activities().measure_impact(QUESTION)


def test_services_that_no_user_sees_have_no_impact() -> None:
    graph = ServiceMap(services=(Service(name="batch"),), expressions=EXPRESSIONS)
    assert TroubledShop().activities().measure_impact(question_about("batch", graph=graph)) is None


# -- a plan ----------------------------------------------------------------------------------------------------------


def test_the_findings_of_a_full_pool_lead_to_the_plan_that_ends_the_holders_sessions() -> None:
    findings = TroubledShop().investigate()
    case = Case(
        incident="INC-1", attempt=1, diagnosis=diagnosis_of(findings), findings=findings, services=SHOP, policy=Policy()
    )
    plan = choose(case).plan
    assert plan is not None
    assert plan.target == ORDERS_DATABASE.target
    assert plan.parameters["application"] == "nightly-report"


def test_a_held_lock_leads_to_no_plan() -> None:
    findings = TroubledShop("lock").investigate()
    case = Case(
        incident="INC-1", attempt=1, diagnosis=diagnosis_of(findings), findings=findings, services=SHOP, policy=Policy()
    )
    assert choose(case).plan is None


def steps(before: float, after: float) -> Series:
    times = [ONSET.timestamp() - 1800 + 5 * n for n in range(368)]
    return Series(labels={}, points=tuple((at, before if at < FAULT.timestamp() else after) for at in times))


def raised(points: list[tuple[float, float]], since: float) -> Series:
    return Series(labels={}, points=tuple((at, 0.9 if at >= since else value) for at, value in points))
