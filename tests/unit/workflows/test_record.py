"""What an incident knows about itself: joins, stale and repeated sightings, rising severity, the view, the timeline."""

from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.anomaly import AlertStatus, Anomaly
from domain.detection import SOURCE
from domain.escalation import Clock, Reason
from domain.gate import GateVerdict, Ruling
from domain.incident import Attempt, Outcome, State
from domain.levels import Severity
from domain.policy import Policy
from domain.services import Service, ServiceMap
from domain.severity import Pair, assess, counted_pair
from domain.timeline import Kind
from domain.verification import Sample, Watch
from domain.view import Next
from tests.unit.domain.examples import INCIDENT, NOW, anomaly, minutes, plan, rows, shop
from workflows.contract import Opening
from workflows.crowd import MOST_COUNTED, Crowd
from workflows.questions import question_of
from workflows.record import Record

FIRING, RESOLVED = AlertStatus.FIRING, AlertStatus.RESOLVED
HIGH, CRITICAL = Severity.HIGH, Severity.CRITICAL


def _record(services: ServiceMap | None = None, **opening: Any) -> Record:
    return Record(
        opening=Opening(key="incident-orders", policy=Policy(), services=services or shop(), **opening),
        incident=INCIDENT, run="run-1", opened_at=NOW, clock=Clock(detected_at=NOW, severity=Severity.LOW),
    )  # fmt: skip


def _sighting(seen: float = 0, *, start: float = 0, status: AlertStatus = FIRING, **changes: Any) -> Anomaly:
    return anomaly(starts_at=NOW + minutes(start), seen_at=NOW + minutes(seen), status=status, **changes)


@dataclass(frozen=True)
class Case:
    """Sightings, each at the minute at which it arrives, and what is known after the last."""

    name: str
    arriving: tuple[tuple[float, Anomaly], ...]
    firing: int
    news: bool
    last_seen: float | None
    alerts: tuple[str, ...] = field(default=())


FIRST = "HighErrorRate firing on orders: 5xx ratio is high"
OVER = "HighErrorRate resolved on orders"
CASES = (
    Case("the first alert is news", ((0, _sighting(0)),), 1, True, 0, (FIRST,)),
    Case("the same alert again is one more sighting", ((0, _sighting(0)), (5, _sighting(5))), 1, True, 5, (FIRST,)),
    Case("the same delivery twice renews nothing", ((0, _sighting(0)), (5, _sighting(0))), 1, True, 0, (FIRST,)),
    Case("an alert that resolves fires no more", ((0, _sighting(0)), (5, _sighting(5, status=RESOLVED))), 0, True, 0,
         (FIRST, OVER)),
    Case("a firing that arrives after its resolved is stale and renews nothing",
         ((0, _sighting(0)), (5, _sighting(5, status=RESOLVED)), (6, _sighting(4))), 0, True, 0, (FIRST, OVER)),
    Case("an alert that fires anew is news",
         ((0, _sighting(0)), (5, _sighting(5, status=RESOLVED)), (9, _sighting(9, start=8))), 1, True, 9,
         (FIRST, OVER, FIRST)),
    Case("another alert joins",
         ((0, _sighting(0)), (3, _sighting(3, fingerprint="f2", name="Slow", title="p95 2 s"))), 2, True, 3,
         (FIRST, "Slow firing on orders: p95 2 s")),
    Case("a resolved of an alert that never fired here is known and no news",
         ((0, _sighting(0, status=RESOLVED)),), 0, False, None,
         ("HighErrorRate resolved on orders: 5xx ratio is high",)),
)  # fmt: skip


@pytest.mark.parametrize("case", rows(CASES))
def test_sightings(case: Case) -> None:
    record = _record()
    for minute, seen in case.arriving:
        record.sees([seen], NOW + minutes(minute))
    assert len(record.firing) == case.firing
    assert record.news is case.news
    assert record.sightings == len(case.arriving)
    assert record.last_seen == (None if case.last_seen is None else NOW + minutes(case.last_seen))
    assert tuple(e.text for e in record.timeline if e.kind is Kind.ALERT) == case.alerts


def test_what_was_thought_of_is_no_news_until_it_fires_anew() -> None:
    record = _record()
    record.sees([_sighting(0)], NOW)
    record.news = False
    record.sees([_sighting(1)], NOW + minutes(1))
    assert not record.news
    record.sees([_sighting(3, start=2)], NOW + minutes(3))
    assert record.news


def test_all_is_resolved_when_every_alert_is_and_there_was_one() -> None:
    record = _record()
    assert not record.all_resolved
    record.sees([_sighting(0), _sighting(0, fingerprint="f2")], NOW)
    record.sees([_sighting(1, status=RESOLVED)], NOW)
    assert not record.all_resolved
    record.sees([_sighting(1, fingerprint="f2", status=RESOLVED)], NOW)
    assert record.all_resolved


SIGHTINGS = st.builds(
    _sighting,
    st.integers(0, 5),
    start=st.integers(0, 3),
    status=st.sampled_from(AlertStatus),
    fingerprint=st.sampled_from("abc"),
    service=st.sampled_from(["orders", "inventory"]),
    severity_label=st.sampled_from(Severity),
)


@given(st.lists(SIGHTINGS, max_size=8), st.randoms())
def test_whatever_the_order_of_arrival_the_incident_is_the_same(seen: list[Anomaly], random: Random) -> None:
    """Severity is left out: what was severe and is known no more still counts, as severity never falls."""
    shuffled = list(seen)
    random.shuffle(shuffled)
    one, other = _record(), _record()
    for a in seen:
        one.sees([a], NOW)
    for a in shuffled:
        other.sees([a], NOW)
    assert (one.anomalies, one.title, one.services, one.onset) == (
        other.anomalies, other.title, other.services, other.onset,
    )  # fmt: skip


@given(st.lists(SIGHTINGS, max_size=12))
def test_severity_never_falls_and_the_clock_follows_it(seen: list[Anomaly]) -> None:
    record = _record()
    before = record.assessment.severity
    for a in seen:
        record.sees([a], NOW)
        assert record.assessment.severity.at_least(before)
        assert record.clock.severity is record.assessment.severity
        before = record.assessment.severity


DISTINCT = st.builds(
    _sighting, fingerprint=st.sampled_from("abcdefgh"), name=st.sampled_from("ABCDEFGH"), severity_label=st.none(),
    sigma=st.none() | st.floats(0, 12),
)  # fmt: skip


@given(st.lists(SIGHTINGS | DISTINCT, max_size=12))
def test_it_is_as_severe_as_all_that_was_told_together_was_at_its_worst(seen: list[Anomaly]) -> None:
    """Judged anew after each sighting, with everything that is known: what is too slow in a storm. A signal that
    was told counts on, also where its sender names it anew.
    """
    record = _record()
    worst = Severity.LOW
    pairs: set[Pair] = set()
    for a in seen:
        record.sees([a], NOW)
        pairs |= {pair for known in record.known.values() if (pair := counted_pair(known)) is not None}
        together = assess(record.known.values(), pairs=pairs).severity
        worst = max(worst, together, key=lambda level: level.rank)
        assert record.assessment.severity is worst


def test_a_raise_of_severity_is_written_down_once_with_its_reason() -> None:
    record = _record()
    record.sees([_sighting(0, severity_label=HIGH)], NOW)
    record.sees([_sighting(1, severity_label=HIGH)], NOW + minutes(1))
    record.sees([_sighting(2, fingerprint="f2", name="Down", severity_label=CRITICAL)], NOW + minutes(2))
    record.sees([_sighting(3, fingerprint="f2", name="Down", status=RESOLVED)], NOW + minutes(3))
    said = [e.text for e in record.timeline if e.kind is Kind.STATE]
    assert said == [
        "severity HIGH: alert HighErrorRate is labelled HIGH",
        "severity CRITICAL: alert Down is labelled CRITICAL",
    ]
    assert record.clock.detected_at == NOW


def test_measured_impact_raises_the_severity() -> None:
    record = _record()
    record.sees([_sighting(0, severity_label=Severity.LOW)], NOW)
    record.failing_share = 0.3
    record.reassess(NOW + minutes(1))
    assert record.assessment.severity is CRITICAL


def test_it_is_called_after_its_first_anomaly_until_gathering_ends() -> None:
    record = _record()
    record.sees([_sighting(1, start=1, fingerprint="late", service="inventory", title="slow")], NOW)
    record.sees([_sighting(1, start=0)], NOW)
    assert (record.service, record.title) == ("orders", "orders: 5xx ratio is high")


def test_after_gathering_neither_a_new_text_nor_an_earlier_anomaly_renames_it() -> None:
    """People, lists and mail threads know it by its name."""
    record = _record()
    record.sees([_sighting(0, title="5xx ratio is 31 %")], NOW)
    record.enter(State.INVESTIGATING, NOW, Next(text="looking"))
    record.sees([_sighting(1, title="5xx ratio is 44 %")], NOW + minutes(1))
    record.sees([_sighting(1, start=-5, fingerprint="f2", service="gateway")], NOW + minutes(1))
    assert (record.service, record.title) == ("orders", "orders: 5xx ratio is 31 %")
    assert record.services == ("orders", "gateway")
    assert record.onset == NOW - minutes(5)


def test_before_any_alert_it_is_called_after_its_key() -> None:
    assert (_record().service, _record().onset) == ("orders", NOW)


def test_an_investigation_asks_about_its_services_and_all_that_they_depend_on() -> None:
    record = _record()
    record.sees([_sighting(0), _sighting(0, start=1, fingerprint="f2", service="payments")], NOW)
    question = question_of(record, NOW + minutes(2))
    assert question.services == ("orders", "payments", "inventory")
    assert (question.primary, question.onset, question.now) == ("orders", NOW, NOW + minutes(2))


def test_it_is_asked_since_the_trouble_is_there_not_since_an_alert_that_was_over_before() -> None:
    record = _record()
    record.sees([_sighting()], NOW)
    before = _sighting(1, start=-12, status=RESOLVED, ends_at=NOW - minutes(3), fingerprint="f2", name="HighLatency")
    record.sees([before], NOW + minutes(1))
    assert question_of(record, NOW).onset == NOW
    assert record.onset == NOW - minutes(12), "the incident itself forgets nothing that it was told"


def test_what_is_watched_is_the_number_of_the_rule_else_whether_the_alert_fires() -> None:
    record = _record()
    record.sees([_sighting(0, expression="errors > 0.05", actual=0.4, labels={"alertname": "HighErrorRate"})], NOW)
    record.sees([_sighting(0, start=1, fingerprint="f2", expression="a > b", labels={"alertname": "Odd"})], NOW)
    assert record.watches() == (
        Watch(
            series="alertmanager:f1", query="errors", harmful_above=True, bound=0.05, before=0.4,
            labels={"alertname": "HighErrorRate"}, name="HighErrorRate",
        ),
        Watch.of_alert("alertmanager:f2", {"alertname": "Odd"}),
    )  # fmt: skip


def _raised(record: Record) -> list[tuple[Reason, datetime, str]]:
    return [(r.reason, r.at, r.detail) for r in record.clock.raised]


def test_a_reason_to_tell_people_counts_once() -> None:
    record = _record()
    record.calls_for(Reason.LOW_CONFIDENCE, NOW, "0.40 is below 0.70")
    record.calls_for(Reason.LOW_CONFIDENCE, NOW + minutes(1), "0.30 is below 0.70")
    assert _raised(record) == [(Reason.LOW_CONFIDENCE, NOW, "0.40 is below 0.70")]


def test_each_plan_that_waits_is_a_reason_of_its_own() -> None:
    record = _record()
    record.calls_for(Reason.APPROVAL_NEEDED, NOW, "first")
    record.calls_for(Reason.APPROVAL_NEEDED, NOW + minutes(9), "second")
    assert _raised(record) == [
        (Reason.APPROVAL_NEEDED, NOW, "first"),
        (Reason.APPROVAL_NEEDED, NOW + minutes(9), "second"),
    ]


def _closed(**ending: Any) -> Record:
    record = _record()
    record.sees([_sighting(0, severity_label=HIGH)], NOW)
    record.news = False
    record.ends(**ending)
    record.closes(NOW + minutes(5), Next(text="Nothing: it is closed."))
    return record


def test_closing_settles_outcome_state_and_clock_once() -> None:
    record = _closed(recovered=True)
    record.closes(NOW + minutes(9), Next(text="again"))
    assert (record.outcome, record.state) == (Outcome.SELF_RESOLVED, State.RESOLVED)
    assert record.closed_at == record.clock.stopped_at == NOW + minutes(5)


def test_the_clock_stops_at_the_verified_recovery_and_not_at_the_close() -> None:
    record = _record()
    record.clock = record.clock.stopping(NOW + minutes(2))
    record.ends(recovered=True)
    record.closes(NOW + minutes(5), Next(text="Nothing: it is closed."))
    assert record.clock.stopped_at == NOW + minutes(2)


def test_an_alert_that_fires_anew_reopens_it_and_the_clocks_run_on() -> None:
    record = _closed(recovered=True)
    record.sees([_sighting(6, start=6)], NOW + minutes(6))
    assert record.reopened(NOW + minutes(6))
    assert (record.outcome, record.closed_at, record.state) == (None, None, State.INVESTIGATING)
    assert (record.clock.stopped_at, record.clock.detected_at) == (None, NOW)


def test_without_news_it_stays_closed() -> None:
    record = _closed(recovered=True)
    record.sees([_sighting(6)], NOW + minutes(6))
    assert not record.reopened(NOW + minutes(6))


def test_what_a_person_marked_a_false_positive_reopens_only_for_worse() -> None:
    record = _closed(person="ada", false_positive=True)
    record.sees([_sighting(6, start=6, severity_label=HIGH)], NOW + minutes(6))
    assert not record.reopened(NOW + minutes(6))
    record.sees([_sighting(7, start=7, fingerprint="f2", severity_label=CRITICAL)], NOW + minutes(7))
    assert record.reopened(NOW + minutes(7))


def test_entering_the_same_state_with_the_same_words_changes_nothing() -> None:
    record = _record()
    record.enter(State.INVESTIGATING, NOW, Next(text="looking"))
    version = record.version
    record.enter(State.INVESTIGATING, NOW, Next(text="looking"))
    assert record.version == version
    record.enter(State.INVESTIGATING, NOW, Next(text="looking again"))
    assert record.version > version
    assert [e.text for e in record.timeline] == ["investigating"]


@pytest.mark.parametrize("change", ["note", "sighting", "reason"])
def test_whatever_changes_is_noticed_by_who_saves_it(change: str) -> None:
    record = _record()
    record.sees([_sighting(0)], NOW)
    version, later = record.version, NOW + minutes(1)
    match change:
        case "note":
            record.note(later, Kind.NOTE, "nightshift", "something")
        case "sighting":
            record.sees([_sighting(1)], later)
        case _:
            record.calls_for(Reason.NO_PLAN, later)
    assert record.version > version
    assert record.updated_at == later


def test_a_short_timeline_is_shown_whole() -> None:
    record = _record()
    for number in range(120):
        record.note(NOW, Kind.NOTE, "nightshift", f"row {number}")
    assert [e.text for e in record.view().timeline] == [f"row {n}" for n in range(120)]


def test_a_long_timeline_keeps_its_beginning_and_its_end_and_says_what_is_folded() -> None:
    record = _record()
    for number in range(1_000):
        record.note(NOW, Kind.NOTE, "nightshift", f"row {number}")
    shown = record.view().timeline
    assert [e.text for e in shown[:60]] == [f"row {n}" for n in range(60)]
    assert shown[60].text == "880 rows are folded here"
    assert [e.text for e in shown[61:]] == [f"row {n}" for n in range(940, 1_000)]
    numbers = [e.seq for e in shown]
    assert numbers == sorted(set(numbers))


def test_a_storm_is_counted_whole_and_shown_in_part() -> None:
    record = _record()
    record.sees([_sighting(0, fingerprint=f"f{n}") for n in range(250)], NOW)
    view = record.view()
    assert (view.sightings, len(view.anomalies)) == (250, 100)


_STORM = 1_500


def _storm(status: AlertStatus = FIRING, seen: float = 0, **changes: Any) -> list[Anomaly]:
    return [_sighting(seen, fingerprint=f"f{n}", status=status, severity_label=Severity.MEDIUM, **changes)
            for n in range(_STORM)]  # fmt: skip


def _arrive(record: Record, alerts: list[Anomaly]) -> None:
    """By a hundred, as the starter sends them."""
    for start in range(0, len(alerts), 100):
        record.sees(alerts[start : start + 100], NOW)


def test_of_a_storm_some_hundreds_are_kept_and_the_rest_is_counted() -> None:
    record = _record()
    _arrive(record, _storm())
    assert (len(record.known) <= 600, record.view().alerts, record.sightings) == (True, _STORM, _STORM)
    told = [e.text for e in record.timeline if e.kind is Kind.ALERT]
    assert told[30:] == [  # how bad it is was said between them
        "and 70 more series fired; the last: HighErrorRate on orders",
        "and 1,400 more series fired; the last: HighErrorRate on orders",
    ]


def test_a_storm_that_is_told_again_is_the_same_storm() -> None:
    record = _record()
    _arrive(record, _storm())
    record.news, rows = False, record.rows
    _arrive(record, _storm(seen=5))
    assert (record.view().alerts, record.rows, record.news) == (_STORM, rows, False)
    assert record.sightings == 2 * _STORM
    _arrive(record, _storm(seen=9, start=8))
    assert record.news


def test_it_is_over_when_the_last_of_a_storm_has_resolved_and_what_comes_late_changes_nothing() -> None:
    """Kept or counted: each is known to fire, or not to."""
    record = _record()
    _arrive(record, _storm())
    over = _storm(RESOLVED, seen=3)
    _arrive(record, over[:-1])
    assert not record.all_resolved
    _arrive(record, over[-1:])
    assert record.all_resolved
    _arrive(record, _storm(seen=2))
    assert (record.all_resolved, record.view().alerts) == (True, _STORM)


def test_the_worst_of_a_storm_is_kept_though_it_came_last() -> None:
    record = _record()
    _arrive(record, _storm())
    record.sees([_sighting(0, start=9, fingerprint="worst", severity_label=CRITICAL)], NOW)
    _arrive(record, [_sighting(0, fingerprint=f"g{n}") for n in range(_STORM)])
    assert "alertmanager:worst" in record.known
    assert record.onset == NOW


def test_more_than_can_be_counted_are_at_least_so_many_and_that_is_said_once() -> None:
    record = _record()
    record.crowd = Crowd({str(n): 1 for n in range(MOST_COUNTED)}, firing=MOST_COUNTED)
    _arrive(record, _storm())
    assert (len(record.crowd), record.crowd.firing) == (MOST_COUNTED, MOST_COUNTED)
    assert [e.text for e in record.timeline].count("there are more alerts than the 15,000 that are counted") == 1


def test_the_view_links_to_its_pages_and_its_runbook() -> None:
    service = Service(name="orders", runbook="https://wiki.example/orders")
    record = _record(shop(service), public_url="https://night.example", temporal_ui="https://temporal.example")
    record.sees([_sighting(0)], NOW)
    view = record.view()
    assert view.page_url == f"https://night.example/incidents/{INCIDENT}"
    assert view.temporal_url == "https://temporal.example/namespaces/default/workflows/incident-orders/run-1"
    assert view.runbook == "https://wiki.example/orders"


def test_the_runbook_of_an_alert_comes_before_that_of_the_service() -> None:
    record = _record(shop(Service(name="orders", runbook="https://wiki.example/orders")))
    record.sees([_sighting(0, runbook="https://wiki.example/errors")], NOW)
    assert record.view().runbook == "https://wiki.example/errors"


def test_without_addresses_there_are_no_links() -> None:
    view = _record().view()
    assert (view.page_url, view.temporal_url, view.runbook) == (None, None, None)


def test_a_look_is_doubted_while_an_alert_fires_that_was_never_seen_bad_or_is_not_watched() -> None:
    record = _record()
    record.sees([_sighting(0, fingerprint=f"f{n}", start=n, expression="errors > 0.05") for n in range(22)], NOW)
    watches, alerts = record.watches(), [f"alertmanager:f{n}" for n in range(22)]
    assert [watch.series for watch in watches] == alerts[:20]
    assert list(record.doubted(watches)) == alerts
    record.witnesses(watches, [Sample(series=w.series, value=0.4 if w.series < "alertmanager:f2" else 0.0)
                               for w in watches])  # fmt: skip
    seen = {*alerts[:2], *alerts[10:20]}
    assert set(record.doubted(watches)) == {*alerts} - seen
    record.sees([_sighting(5, fingerprint=f"f{n}", start=n, status=RESOLVED) for n in range(22)], NOW)
    assert record.doubted(watches) == ()


def test_a_number_of_our_own_detection_needs_no_witness_and_is_mild_where_it_is() -> None:
    """It fires until some samples after its number is well; what it has no number for stays in doubt."""
    record = _record()
    ours: dict[str, Any] = {"source": SOURCE, "actual": 0.05, "expected": 0.01, "sigma": 4.0}
    record.sees([_sighting(0, fingerprint="latency", name="latency", expression="(p95) > 0.03", **ours),
                 _sighting(0, fingerprint="gone", name="latency is gone", expression="p95", source=SOURCE)],
                NOW)  # fmt: skip
    watches = {watch.series: watch for watch in record.watches()}
    assert watches[f"{SOURCE}:latency"].mild_until == pytest.approx(0.07)
    assert watches[f"{SOURCE}:gone"].mild_until is None
    assert record.doubted(record.watches()) == (f"{SOURCE}:gone",)


def test_what_is_mild_is_excused_only_beside_what_is_grave() -> None:
    """While that fires, or while the fix that was made for it is judged; never because something was grave once."""
    record = _record()
    mild = _sighting(fingerprint="latency", name="latency", expression="(p95) > 0.03", source=SOURCE, actual=0.05,
                     expected=0.01, sigma=4.0)  # fmt: skip
    record.sees([mild, _sighting(0, expression="errors > 0.05")], NOW)
    assert record.excusing
    record.sees([_sighting(5, status=RESOLVED)], NOW)
    assert not record.excusing
    record.grave_before = True
    assert not record.excusing
    for state in (State.VERIFYING, State.WATCHING):
        record.enter(state, NOW, Next(text="it is judged"))
        assert record.excusing
    record.grave_before = False
    assert not record.excusing


def test_only_what_fires_and_was_seen_bad_tells_whether_a_fix_works() -> None:
    record = _record()
    record.sees([_sighting(0, fingerprint=f"f{n}", start=n, expression="errors > 0.05") for n in range(2)], NOW)
    assert record.telling == frozenset()
    record.witnesses(record.watches(), [Sample(series="alertmanager:f0", value=0.4)])
    assert record.telling == {"alertmanager:f0"}
    record.sees([_sighting(5, fingerprint="f0", status=RESOLVED)], NOW)
    assert record.telling == frozenset(), "what fires now was never seen bad"
    record.sees([_sighting(6, fingerprint="f1", start=1, status=RESOLVED)], NOW)
    assert record.telling == {"alertmanager:f0"}


def test_of_attempts_that_came_to_nothing_the_last_ten_are_kept_and_no_number_is_used_twice() -> None:
    record, refused = _record(), GateVerdict(ruling=Ruling.REFUSE, clause="observe", reason="it only observes")
    for number in range(1, 3_001):
        assert record.next_attempt == number
        failed = "it could not be done" if number in {7, 900} else None
        record.tries(Attempt(number=record.next_attempt, plan=plan(), gate=refused, error=failed), NOW)
    assert [a.number for a in record.attempts] == [7, 900, *range(2_991, 3_001)]
