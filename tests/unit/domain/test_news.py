"""What has changed between two pictures of an incident: each change once, the most important first."""

import pytest

from domain.incident import State
from domain.levels import Severity
from domain.message import Moment
from domain.news import Picture, events

BEFORE = Picture(severity=Severity.HIGH, state=State.INVESTIGATING, title="orders: 5xx at 31 %")


def _after(**changes: object) -> Picture:
    return BEFORE.model_copy(update=changes)


@pytest.mark.parametrize(
    ("changes", "moment", "said"),
    [
        ({"severity": Severity.CRITICAL}, Moment.UPDATE, "Raised to CRITICAL: orders: 5xx at 31 %"),
        ({"cause": "orders: the pool is full (likely)"}, Moment.UPDATE, "orders: the pool is full (likely)"),
        ({"asked": "3f", "sentence": "Roll back."}, Moment.APPROVAL, "Waits for a decision: Roll back."),
        ({"settled": 1, "decided": "ana said approve"}, Moment.DECIDED, "ana said approve"),
        ({"act": "Attempt 1: Roll back."}, Moment.UPDATE, "Attempt 1: Roll back."),
        ({"verdict": "Attempt 1: not better"}, Moment.UPDATE, "Attempt 1: not better"),
        ({"has_it": "mia"}, Moment.ACKNOWLEDGED, "mia has orders: 5xx at 31 %"),
        ({"has_it": "mia", "hands_off": True}, Moment.ACKNOWLEDGED, "mia has orders: 5xx at 31 %, hands off"),
        ({"recovered": True}, Moment.RECOVERED, "Recovered, watching. It was: orders: 5xx at 31 %"),
        (
            {"recovered": True, "watched_until": "03:24 UTC"},
            Moment.RECOVERED,
            "Recovered, watching until 03:24 UTC. It was: orders: 5xx at 31 %",
        ),
    ],
    ids=str,
)
def test_a_change_is_one_event_with_its_sentence(changes: dict[str, object], moment: Moment, said: str) -> None:
    (event,) = events(BEFORE, _after(**changes))
    assert (event.moment, event.said) == (moment, said)


@pytest.mark.parametrize("changes", [{}, {"alerts": 37}, {"state": State.VERIFYING}, {"paused": True}], ids=str)
def test_what_is_only_shown_is_no_event(changes: dict[str, object]) -> None:
    assert events(BEFORE, _after(**changes)) == ()


def test_the_most_important_comes_first() -> None:
    happened = events(BEFORE, _after(cause="c", act="a", has_it="mia", recovered=True, settled=1, decided="d"))
    assert [event.moment for event in happened] == [
        Moment.RECOVERED, Moment.ACKNOWLEDGED, Moment.DECIDED, Moment.UPDATE, Moment.UPDATE,
    ]  # fmt: skip


def test_a_relapse_is_told() -> None:
    (event,) = events(_after(recovered=True), BEFORE)
    assert event.said == "Not over after all. It began as: orders: 5xx at 31 %"


def test_an_old_decision_is_not_told_again_when_another_attempt_runs() -> None:
    told = _after(settled=1, decided="ana said reject")
    assert events(told, told.model_copy(update={"act": "Attempt 2: End sessions."}))[0].moment is Moment.UPDATE


def test_the_end_is_the_clocks_to_tell() -> None:
    assert events(BEFORE, _after(state=State.RESOLVED, recovered=True)) == ()
    assert events(_after(state=State.RESOLVED), BEFORE)[0].said == "Open again: orders: 5xx at 31 %"
