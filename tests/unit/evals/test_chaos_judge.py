"""The judge of a chaos run sees each kind of loss and of doubling, and nothing where nothing is wrong."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from domain.escalation import WORDS, Clock, Raised, Reason, Told
from domain.incident import Attempt, Executed, Outcome, State
from domain.levels import Severity
from domain.message import Moment
from domain.policy import Policy
from domain.timeline import Entry, Kind
from domain.view import Delivery
from evals.chaos.evidence import Act, Alert, Down, Evidence, Incident, Letter, Order, Patient, Timer
from evals.chaos.judge import COMPLETED, RUNNING, TERMINATED, Sort, judge
from evals.chaos.sabotage import without_a_letter
from tests.eventful import ATTEMPT
from tests.incidents import NOON, a_view, an_anomaly, minutes

FIXED, OPEN = "INC-20260131-000001", "INC-20260131-000002"
TOLD = (
    Told(at=NOON, tier=1, reasons=(Reason.CRITICAL,), awaits=True),
    Told(at=NOON + minutes(1), tier=1, reasons=(Reason.UNRESOLVED,), awaits=False),
)


def a_letter(incident: str, number: int, reason: Reason | None) -> Letter:
    words = WORDS[reason] if reason else "you were told of this incident before"
    return Letter(f"<{incident}.{number}@nightshift.invalid>", f"State {incident} {number}\nWhy you {words} (tier 1)")


def ordered(*told: Told) -> tuple[Order, ...]:
    return tuple(Order(number, Moment.CALL, said) for number, said in enumerate(told, start=1))


def executed(affected: int = 4) -> Executed:
    return Executed(started_at=NOON, ended_at=NOON, affected=affected, before={}, after={}, detail="ended")


def attempt(number: int = 1) -> Attempt:
    return ATTEMPT.model_copy(update={"number": number, "executed": executed()})


def fixed() -> Incident:
    """Closed by the machine, after people had been told twice; then the end was said."""
    view = a_view(
        1, state=State.RESOLVED, outcome=Outcome.AUTO_RESOLVED, attempts=(attempt(),), escalated=True,
        deliveries=(Delivery(at=NOON, channel="email", subject="s", delivered=True),),
        clock=Clock(detected_at=NOON, severity=Severity.CRITICAL, told=TOLD, stopped_at=NOON + minutes(2)),
    )  # fmt: skip
    timers = (Timer("until the fix can be judged", NOON, order=9, fired=1, acted_at=NOON),)
    orders = (*ordered(*TOLD), Order(3, Moment.CLOSED))
    return Incident(COMPLETED, view, Policy(), timers, orders)


def waiting() -> Incident:
    """Open: people were told once, and it waits for them."""
    view = a_view(
        2, state=State.WAITING_FOR_PEOPLE, anomalies=(an_anomaly(fingerprint="f2"),), escalated=True,
        deliveries=(Delivery(at=NOON, channel="email", subject="s", delivered=True),),
        clock=Clock(detected_at=NOON, severity=Severity.CRITICAL, told=TOLD[:1]),
    )  # fmt: skip
    return Incident(RUNNING, view, Policy(), (), ordered(*TOLD[:1]))


def good() -> Evidence:
    """Two incidents of which nothing was lost and nothing done twice, soon after noon."""
    return Evidence(
        now=NOON + minutes(0.1),
        alerts=(Alert("f1", "orders"), Alert("f2", "catalogue")),
        incidents=(fixed(), waiting()),
        letters=(
            a_letter(FIXED, 1, Reason.CRITICAL), a_letter(FIXED, 2, Reason.UNRESOLVED), a_letter(FIXED, 3, None),
            a_letter(OPEN, 1, Reason.CRITICAL),
        ),
        acts=(Act(FIXED, "database/orders", 4),),
        patients=(Patient("database/orders", (TERMINATED,) * 4),),
        must_call=frozenset({OPEN}),
    )  # fmt: skip


def with_view(incident: Incident, **changes: object) -> Incident:
    return replace(incident, view=incident.view.model_copy(update=changes))


def with_open(evidence: Evidence, incident: Incident) -> Evidence:
    return replace(evidence, incidents=(evidence.incidents[0], incident))


def without_letter(evidence: Evidence, incident: str, number: int) -> Evidence:
    kept = tuple(x for x in evidence.letters if not x.message_id.startswith(f"<{incident}.{number}@"))
    return replace(evidence, letters=kept)


def more_letters(evidence: Evidence, *letters: Letter) -> Evidence:
    return replace(evidence, letters=(*evidence.letters, *letters))


def merged() -> Incident:
    """What the survivor took over."""
    view = a_view(3, state=State.MERGED, outcome=Outcome.MERGED, merged_into=FIXED)
    return Incident(COMPLETED, view, Policy())


SPOILT: dict[str, tuple[Sort, Callable[[Evidence], Evidence]]] = {
    "an accepted alert that no incident knows": (
        Sort.LOST, lambda e: replace(e, alerts=(*e.alerts, Alert("f3", "gateway"))),
    ),
    "an alert that was handed over to nobody": (
        Sort.LOST,
        lambda e: replace(e, incidents=(merged(), waiting()), acts=(), patients=(), letters=e.letters[3:]),
    ),
    "an alert that opened two incidents": (
        Sort.DOUBLED, lambda e: with_open(e, with_view(
            waiting(), anomalies=(*fixed().view.anomalies, *waiting().view.anomalies),
        )),
    ),
    "an incident that stands still in the middle": (
        Sort.LOST, lambda e: with_open(e, with_view(waiting(), state=State.INVESTIGATING)),
    ),
    "an incident whose run has failed": (Sort.LOST, lambda e: with_open(e, replace(waiting(), status="FAILED"))),
    "an incident that was closed and never comes to its end": (
        Sort.LOST, lambda e: replace(e, incidents=(replace(fixed(), status=RUNNING), waiting())),
    ),
    "a timer that fired twice": (
        Sort.DOUBLED, lambda e: with_open(e, replace(waiting(), timers=(Timer("t", NOON, order=1, fired=2),))),
    ),
    "an escalation that never reached the mail server": (Sort.ESCALATION_LOST, lambda e: without_letter(e, FIXED, 2)),
    "the end that was not told to those who had been told": (
        Sort.ESCALATION_LOST, lambda e: without_letter(e, FIXED, 3),
    ),
    "an escalation whose number another message took": (
        Sort.ESCALATION_LOST,
        lambda e: more_letters(without_letter(e, FIXED, 2), a_letter(FIXED, 2, Reason.NO_PLAN)),
    ),
    "an escalation that was due and never said": (Sort.ESCALATION_LOST, lambda e: replace(e, now=NOON + minutes(12))),
    "an escalation that came up before the recovery and was never said": (
        Sort.ESCALATION_LOST,
        lambda e: replace(e, incidents=(_raised_in_vain(), waiting())),
    ),
    "an unanswered question that called nobody": (
        Sort.ESCALATION_LOST, lambda e: with_open(without_letter(e, OPEN, 1), with_view(
            replace(waiting(), orders=()), escalated=False, clock=Clock(detected_at=NOON, severity=Severity.HIGH),
            deliveries=(),
        )),
    ),
    "an escalation that was told and never ordered": (
        Sort.ESCALATION_LOST, lambda e: with_open(without_letter(e, OPEN, 1), replace(waiting(), orders=())),
    ),
    "an escalation that was ordered twice": (
        Sort.DOUBLED, lambda e: more_letters(
            with_open(e, replace(waiting(), orders=(*waiting().orders, replace(waiting().orders[0], number=2)))),
            a_letter(OPEN, 2, Reason.CRITICAL),
        ),
    ),
    "an end that was told to nobody": (
        Sort.ESCALATION_LOST, lambda e: replace(
            without_letter(e, FIXED, 3), incidents=(replace(fixed(), orders=fixed().orders[:2]), waiting()),
        ),
    ),
    "an end that was told twice": (
        Sort.DOUBLED, lambda e: replace(
            more_letters(e, a_letter(FIXED, 4, None)),
            incidents=(replace(fixed(), orders=(*fixed().orders, Order(4, Moment.CLOSED))), waiting()),
        ),
    ),
    "a message under one more number": (
        Sort.DOUBLED, lambda e: more_letters(e, a_letter(OPEN, 2, Reason.UNRESOLVED)),
    ),
    "a reason that was told twice": (
        Sort.DOUBLED, lambda e: more_letters(
            with_open(e, _told_again(Reason.CRITICAL)), a_letter(OPEN, 2, Reason.CRITICAL),
        ),
    ),
    "silence that was told again within its window": (
        Sort.DOUBLED, lambda e: more_letters(
            with_open(e, _told_again(Reason.NOT_ACKNOWLEDGED, Reason.NOT_ACKNOWLEDGED)),
            a_letter(OPEN, 2, Reason.NOT_ACKNOWLEDGED), a_letter(OPEN, 3, Reason.NOT_ACKNOWLEDGED),
        ),
    ),
    "the same message under another name": (
        Sort.DOUBLED, lambda e: more_letters(e, replace(e.letters[0], message_id=f"<{FIXED}.9@nightshift.invalid>")),
    ),
    "mail of an incident that does not exist": (
        Sort.DOUBLED, lambda e: more_letters(e, a_letter("INC-20260131-ZZZZZZ", 1, Reason.CRITICAL)),
    ),
    "mail without the name of a message": (Sort.DOUBLED, lambda e: more_letters(e, Letter("<random@host>", "x"))),
    "a second row in the audit log": (
        Sort.DOUBLED, lambda e: replace(e, acts=(*e.acts, Act(FIXED, "database/orders", 0))),
    ),
    "a second attempt after one that worked": (
        Sort.DOUBLED, lambda e: replace(e, incidents=(
            with_view(fixed(), attempts=(attempt(), attempt(2))), waiting(),
        )),
    ),
    "an act that the audit log does not know": (Sort.LOST, lambda e: replace(e, acts=())),
    "sessions that were ended and not counted": (
        Sort.LOST, lambda e: replace(e, patients=(Patient("database/orders", (TERMINATED,) * 5),)),
    ),
    "sessions that were counted and not ended": (
        Sort.DOUBLED, lambda e: replace(e, patients=(Patient("database/orders", (TERMINATED,) * 3),)),
    ),
    "a bystander that was ended": (
        Sort.DOUBLED, lambda e: replace(e, patients=(replace(e.patients[0], bystanders=1),)),
    ),
    "an act of an incident that does not exist": (
        Sort.DOUBLED, lambda e: replace(e, acts=(*e.acts, Act("INC-20260131-ZZZZZZ", "database/x", 0))),
    ),
    "a target that stays reserved": (Sort.LOCK_LEFT, lambda e: replace(e, locks=("reservation of database/orders",))),
}  # fmt: skip


def _told_again(*reasons: Reason) -> Incident:
    told = tuple(
        Told(at=NOON + minutes(0.01 * n), tier=1, reasons=(r,), awaits=True, severity=Severity.CRITICAL)
        for n, r in enumerate(reasons)
    )
    first = TOLD[0].model_copy(update={"severity": Severity.CRITICAL})
    clock = waiting().view.clock.model_copy(update={"told": (first, *told)})
    return replace(with_view(waiting(), clock=clock), orders=ordered(first, *told))


def _raised_in_vain() -> Incident:
    clock = fixed().view.clock.model_copy(update={"raised": (Raised(reason=Reason.NO_PLAN, at=NOON + minutes(0.5)),)})
    return with_view(fixed(), clock=clock)


def test_nothing_is_wrong_where_nothing_was_lost_or_doubled() -> None:
    assert judge(good()) == ()


@pytest.mark.parametrize("what", SPOILT)
def test_the_judge_sees(what: str) -> None:
    sort, spoil = SPOILT[what]
    assert sort in {problem.sort for problem in judge(spoil(good()))}


def test_the_mail_that_the_sabotage_drops_is_missed() -> None:
    assert {problem.sort for problem in judge(without_a_letter(good()))} == {Sort.ESCALATION_LOST}


def test_the_same_mail_taken_twice_is_one_mail() -> None:
    """The server had it before the worker died, and got it again under the same Message-ID: readers see one."""
    evidence = good()
    assert judge(more_letters(evidence, evidence.letters[0], evidence.letters[3])) == ()


def test_what_was_handed_over_belongs_to_the_survivor_alone() -> None:
    evidence = good()
    assert judge(replace(evidence, incidents=(*evidence.incidents, merged()))) == ()


def test_an_incident_that_was_opened_again_may_say_its_end_twice() -> None:
    again = Entry(
        seq=1, at=NOON, kind=Kind.STATE, actor="nightshift", text="reopened: alerts came in after it was over"
    )
    orders = (*fixed().orders, Order(4, Moment.CLOSED))
    evidence = replace(good(), incidents=(replace(with_view(fixed(), timeline=(again,)), orders=orders), waiting()))
    assert judge(more_letters(evidence, a_letter(FIXED, 4, None))) == ()


def test_an_escalation_is_not_overdue_for_the_time_in_which_nobody_could_say_it() -> None:
    """Due at noon plus ten minutes (twice the delay of HIGH); the worker was away until the end."""
    clock = Clock(detected_at=NOON, severity=Severity.HIGH, told=TOLD[:1], acknowledged_at=NOON, acknowledged_by="mia")
    quiet = with_open(good(), with_view(waiting(), severity=Severity.HIGH, clock=clock))
    late = replace(quiet, now=NOON + minutes(12))
    assert Sort.ESCALATION_LOST in {problem.sort for problem in judge(late)}
    away = Down("worker", NOON + minutes(1), NOON + minutes(12))
    assert judge(replace(late, downs=(away,))) == ()
