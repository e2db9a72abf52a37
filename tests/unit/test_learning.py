"""A closed incident is learned as it ended: what it looked like, what it was, what held."""

from typing import Any

import pytest
from pydantic import ValidationError

from activities.learning import LearningActivities, remembered
from domain.detection import SOURCE
from domain.diagnosis import Diagnosis, Hypothesis
from domain.feedback import Feedback
from domain.finding import Category, Finding, Presence, Source, Window
from domain.gate import GateVerdict, Ruling
from domain.incident import Attempt, Executed, Outcome, State
from domain.plan import Action
from domain.view import IncidentView
from tests.fakes import FakeFeedback, FakeMemory, FakeThresholds
from tests.incidents import NOON, a_plan, a_view, minutes
from tests.unit.domain.test_thresholds import opened_by

RUN = GateVerdict(ruling=Ruling.RUN, clause="allowed", reason="within the limit")
WINDOW = Window(start=NOON, end=NOON + minutes(5))
DONE = Executed(started_at=NOON, ended_at=NOON, affected=18, before={}, after={}, detail="ended 18 sessions")


def _finding(source: Source, title: str, presence: Presence = Presence.FOUND) -> Finding:
    return Finding(
        source=source,
        presence=presence,
        kind="seen",
        service="orders",
        title=title,
        window=WINDOW,
        categories={Category.CONNECTION_POOL: 1.0},
    )


def _closed(outcome: Outcome = Outcome.AUTO_RESOLVED, **changes: Any) -> IncidentView:
    return a_view(state=State.RESOLVED, outcome=outcome, closed_at=NOON + minutes(9), **changes)


def _diagnosis(confidence: float) -> Diagnosis:
    hypothesis = Hypothesis(
        service="ledger", category=Category.CONNECTION_POOL, sentence="nightly-report holds it", score=9, weight=1
    )
    return Diagnosis(hypotheses=(hypothesis,), confidence=confidence, confidence_reason="two sources agree")


def test_the_symptoms_are_alerts_and_findings_but_not_what_memory_or_nobody_said() -> None:
    findings = (
        _finding(Source.LOGS, "too many connections"),
        _finding(Source.MEMORY, "looked alike"),
        _finding(Source.TRACES, "timed out", Presence.MISSING),
    )
    assert remembered(_closed(findings=findings)).symptoms == (
        "orders HighErrorRatio: orders fails 31 % of its requests\n"
        "orders seen connection_pool: too many connections"
    )  # fmt: skip


def test_a_named_cause_is_learned_with_its_service_and_an_unsure_one_as_unknown() -> None:
    sure, unsure = remembered(_closed(diagnosis=_diagnosis(0.8))), remembered(_closed(diagnosis=_diagnosis(0.4)))
    assert (sure.service, sure.category, sure.cause) == ("ledger", Category.CONNECTION_POOL, "nightly-report holds it")
    assert (unsure.service, unsure.category, unsure.cause) == ("orders", Category.UNKNOWN, "cause not determined")


def test_only_what_was_executed_is_learned_and_held_only_if_it_is_known_to_have_held() -> None:
    attempts = (
        Attempt(number=1, plan=a_plan(), gate=RUN, executed=DONE, held=None),
        Attempt(number=2, plan=a_plan(attempt=2), gate=RUN, error="no connection"),
        Attempt(number=3, plan=a_plan(attempt=3), gate=RUN, executed=DONE, held=True),
    )
    kill = Action.KILL_CONNECTIONS
    assert remembered(_closed(attempts=attempts)).actions == ((kill, False), (kill, True))


@pytest.mark.parametrize("outcome", [o for o in Outcome if o is not Outcome.MERGED])
def test_every_ending_is_learned_with_its_outcome(outcome: Outcome) -> None:
    memory = FakeMemory()
    LearningActivities(memory).learn(_closed(outcome))
    assert [m.outcome for m in memory.incidents.values()] == [outcome]


def test_a_merged_incident_is_its_survivors_to_remember() -> None:
    memory = FakeMemory()
    LearningActivities(memory).learn(_closed(Outcome.MERGED))
    assert memory.incidents == {}


def test_an_open_incident_has_nothing_to_teach() -> None:
    with pytest.raises(ValueError, match="only a closed incident"):
        remembered(a_view())


def test_what_a_person_said_replaces_what_the_machine_thought() -> None:
    memory, feedback = FakeMemory(), FakeFeedback()
    view = _closed(diagnosis=_diagnosis(0.9))
    for category, service in ((Category.DISK, "ledger"), (Category.NETWORK, "gateway")):
        feedback.add(Feedback(incident=view.incident, at=NOON, who="ana", category=category, service=service))
    LearningActivities(memory, feedback).learn(view)
    learned = memory.incidents[view.incident]
    assert (learned.category, learned.service) == (Category.NETWORK, "gateway"), "the last word holds"
    assert learned.cause == "network at gateway, as ana found (the machine had thought: nightly-report holds it)"
    assert learned.symptoms == remembered(view).symptoms


def test_a_cause_that_was_right_stays_and_a_false_positive_speaks_for_nothing() -> None:
    view = _closed(diagnosis=_diagnosis(0.9))
    right = Feedback(incident=view.incident, at=NOON, who="ana", right=True)
    assert remembered(view, right) == remembered(view)
    false = Feedback(incident=view.incident, at=NOON, who="ana", false_positive=True)
    assert remembered(view, false).outcome is Outcome.FALSE_POSITIVE


def test_a_close_as_false_positive_raises_the_threshold_once_however_often_it_is_learned() -> None:
    learning = LearningActivities(FakeMemory(), FakeFeedback(), thresholds := FakeThresholds())
    for source in (SOURCE, "prometheus"):
        closed = opened_by(source, outcome=Outcome.FALSE_POSITIVE, ended_by="ana")
        for _ in range(3):
            learning.learn(closed)
    assert [(word.series, word.who) for word in thresholds.words()] == [("s1", "ana")]


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"right": True, "false_positive": True},
        {"category": Category.DISK},
        {"right": True, "category": Category.DISK, "service": "orders"},
    ],
)
def test_feedback_says_exactly_one_thing(said: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Feedback(incident="INC-1", at=NOON, who="ana", **said)
