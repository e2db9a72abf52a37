"""What goes from one run to the next: everything that is known, and nothing that would grow for ever."""

from collections.abc import Callable, Sequence
from dataclasses import fields
from datetime import datetime

from hypothesis import given
from hypothesis import strategies as st

from domain.anomaly import AlertStatus, Anomaly
from domain.approval import Docket
from domain.audit import AuditRow
from domain.escalation import Clock, Reason, tell
from domain.gate import GateVerdict, Ruling
from domain.incident import Attempt, State
from domain.levels import Severity
from domain.policy import Policy
from domain.timeline import Kind
from domain.verification import Recovery, Verdict
from domain.view import Delivery, Next
from tests.unit.domain.examples import (
    INCIDENT,
    NOW,
    anomaly,
    decision,
    diagnosis,
    finding,
    minutes,
    plan,
    request,
    shop,
)
from workflows.carrying import carried, resumed
from workflows.contract import Opening
from workflows.record import Record


def _record() -> Record:
    return Record(
        opening=Opening(key="incident-orders", policy=Policy(), services=shop()),
        incident=INCIDENT, run="run-1", opened_at=NOW, clock=Clock(detected_at=NOW, severity=Severity.LOW),
    )  # fmt: skip


def _arrived(opening: Opening | None) -> Record:
    """As the next run gets it: through JSON."""
    assert opening is not None
    record = resumed(Opening.model_validate_json(opening.model_dump_json()))
    assert record is not None
    return record


_ALERTS = st.builds(
    anomaly,
    fingerprint=st.sampled_from("abc"),
    status=st.sampled_from(AlertStatus),
    title=st.text(max_size=200),
    labels=st.dictionaries(st.text(max_size=20), st.text(max_size=20), max_size=3),
    severity_label=st.none() | st.sampled_from(Severity),
    actual=st.none() | st.floats(allow_nan=False, allow_infinity=False),
)
Happening = Callable[[Record, datetime], object]


def _tells(record: Record, at: datetime) -> None:
    record.clock = (tell(record.clock, record.opening.policy, at) or (record.clock,))[0]


def _delivers(text: str) -> Happening:
    def happens(record: Record, at: datetime) -> None:
        record.deliveries.append(Delivery(at=at, channel="email", subject=text, delivered=not text))
        record.roots["email"] = text

    return happens


def _is_audited(text: str) -> Happening:
    row = AuditRow(key=text, incident=INCIDENT, at=NOW, actor=text, door="signal", action="ack", result="accepted")
    return lambda record, at: record.audited(row.model_copy(update={"at": at}))


def _tries(held: object) -> Happening:
    verdict = GateVerdict(ruling=Ruling.RUN, clause="allowed", reason="low risk")

    def happens(record: Record, at: datetime) -> None:
        record.findings, record.diagnosis, record.closed_at = (finding(),), diagnosis("F1"), at
        record.attempts.append(Attempt(number=1, plan=plan(), gate=verdict).model_copy(update={"held": held}))

    return happens


def _asks(record: Record, _at: datetime) -> None:
    record.waiting, record.docket = request(), Docket(asked=request(), decided=decision())
    record.decisions.append(decision())


def _looks(recovery: Recovery) -> Happening:
    def happens(record: Record, at: datetime) -> None:
        record.looks, record.look_at, record.resolved_then = record.looks + 1, at, True
        record.grave_before = True
        record.seen, record.recovered_at = Verdict(recovery=recovery, reason="r"), at
        record.messages, record.drafted, record.blind, record.failing_share = 7, True, True, 0.25

    return happens


def _sees(alerts: Sequence[Anomaly]) -> Happening:
    return lambda record, at: record.sees(alerts, at)


def _parts(series: str, key: str) -> Happening:
    def happens(record: Record, at: datetime) -> None:
        record.apart[key], record.received = series, [*record.received, key]
        record.drops({f"alertmanager:{series}"}, at)

    return happens


def _notes(kind: Kind, actor: str, text: str, ref: str | None) -> Happening:
    return lambda record, at: record.note(at, kind, actor, text, ref)


def _calls(reason: Reason, text: str) -> Happening:
    return lambda record, at: record.calls_for(reason, at, text)


def _enters(state: State, text: str) -> Happening:
    return lambda record, at: record.enter(state, at, Next(text=text, at=at))


HAPPENINGS: st.SearchStrategy[Happening] = st.one_of(
    st.builds(_sees, st.lists(_ALERTS, max_size=3)),
    st.builds(_notes, st.sampled_from(Kind), st.text(), st.text(), st.none() | st.text()),
    st.builds(_calls, st.sampled_from(Reason), st.text()),
    st.builds(_enters, st.sampled_from(State), st.text()),
    st.builds(_is_audited, st.text()),
    st.builds(_parts, st.sampled_from("abc"), st.text()),
    st.builds(_delivers, st.text()),
    st.builds(_tries, st.none() | st.booleans()),
    st.builds(_looks, st.sampled_from(Recovery)),
    st.sampled_from([_tells, _asks]),
)


@st.composite
def _lived(draw: st.DrawFn) -> Record:
    """A record after some of what happens to incidents, in any order; short enough that nothing of it is folded."""
    record = _record()
    for number, happens in enumerate(draw(st.lists(HAPPENINGS, max_size=10))):
        happens(record, NOW + minutes(number))
    return record


@given(_lived())
def test_the_next_run_knows_all_that_this_one_knew(record: Record) -> None:
    assert _arrived(carried(record)) == record


def test_no_field_is_left_out() -> None:
    """Also none that somebody adds: the whole record is carried, and none of its fields can hide from that."""
    opening = carried(_record())
    assert opening is not None
    assert opening.carried is not None
    assert set(opening.carried) == {field.name for field in fields(Record)} - {"opening"}
    assert all(field.init for field in fields(Record))


def test_it_is_a_copy() -> None:
    """What happens between the last look and the end of a run happens again in the next one."""
    record = _record()
    opening = carried(record)
    record.sees([anomaly()], NOW)
    assert _arrived(opening) == _record()


def test_what_is_folded_is_left_behind_and_the_view_stays_the_same() -> None:
    """Weeks of rows and deliveries: people see what they saw, and rows go on counting."""
    record = _record()
    for number in range(500):
        record.note(NOW, Kind.NOTE, "nightshift", f"row {number}")
        record.deliveries.append(_delivery("email" if number else "slack"))
    kept = _arrived(carried(record))
    assert len(kept.timeline) == 120
    assert kept.view() == record.view()
    record.note(NOW, Kind.NOTE, "nightshift", "one more")
    kept.note(NOW, Kind.NOTE, "nightshift", "one more")
    assert kept.view().timeline == record.view().timeline


def _delivery(channel: str) -> Delivery:
    return Delivery(at=NOW, channel=channel, subject="told", delivered=True)


def test_a_channel_that_delivered_long_ago_is_remembered() -> None:
    """The end is told where the story was told."""
    record = _record()
    record.deliveries = [_delivery("slack"), *(_delivery("email") for _ in range(300))]
    assert {d.channel for d in _arrived(carried(record)).deliveries} == {"slack", "email"}


def _storm(count: int) -> Record:
    record = _record()
    record.sees([anomaly(fingerprint=f"f{n}", title="t" * 2_000, expression="e" * 4_000) for n in range(count)], NOW)
    return record


def test_of_a_storm_that_is_too_large_each_series_is_known_and_what_is_shown_is_whole() -> None:
    record = _storm(400)
    kept = _arrived(carried(record, largest=1_500_000))
    assert kept.known.keys() == record.known.keys()
    assert [a.fingerprint for a in kept.anomalies if a.expression] == [a.fingerprint for a in record.anomalies[:100]]
    assert kept.view() == record.view()
    assert (kept.firing != (), kept.assessment) == (record.firing != (), record.assessment)


def test_what_does_not_fit_at_all_is_not_carried() -> None:
    assert carried(_storm(400), largest=10_000) is None
