"""From reservations and people's stops follow the controls of a moment."""

from dataclasses import dataclass
from datetime import timedelta

import pytest
from pydantic import ValidationError

from domain.gate import Controls, GateVerdict, Ruling
from domain.reservation import Reservation, Stop, controls_at, in_force, reserve
from tests.unit.domain.examples import NOW, minutes, plan, rows
from tests.unit.domain.test_gate import SURE

TARGET = plan().target


def _reserved(began: float, *, target: str = TARGET, approved: bool = False, ended: float | None = None) -> Reservation:
    """One that began, and perhaps ended, so many minutes ago; it lasts 11 minutes (a minute, and ten to spare)."""
    verdict = GateVerdict(ruling=Ruling.RUN, clause="allowed", reason="it may")
    now = SURE.model_copy(update={"now": NOW - minutes(began), "approved": approved})
    held = reserve(plan(incident="INC-OTHER", target=target), verdict, now)
    return held.model_copy(update={"ended_at": None if ended is None else NOW - minutes(ended)})


def _stop(kind: str, until: float | None) -> Stop:
    end = None if until is None else NOW + minutes(until)
    return Stop.model_validate({"kind": kind, "who": "ada", "reason": "game day", "at": NOW - minutes(5), "until": end})


@dataclass(frozen=True)
class Case:
    name: str
    expected: Controls
    reservations: tuple[Reservation, ...] = ()
    pause: Stop | None = None
    freeze: Stop | None = None


PAUSED = Controls(paused=True, pause_reason="game day (ada)")
CASES = (
    Case("with nothing going on there is nothing to heed", Controls()),
    Case("an attempt that has not ended holds its target", Controls(actions_on_target=1, actions_in_all=1,
         busy="INC-OTHER"), (_reserved(1),)),
    Case("an attempt that has ended only counts", Controls(actions_on_target=1, actions_in_all=1),
         (_reserved(2, ended=1),)),
    Case("an attempt that was left behind lets go after its timeout and ten minutes",
         Controls(actions_on_target=1, actions_in_all=1), (_reserved(11),)),
    Case("until then it holds on", Controls(actions_on_target=1, actions_in_all=1, busy="INC-OTHER"),
         (_reserved(10.9),)),
    Case("an attempt on another target counts in all", Controls(actions_in_all=1),
         (_reserved(1, target="database/payments"),)),
    Case("what a person approved counts against no limit", Controls(), (_reserved(2, approved=True, ended=1),)),
    Case("what a person approved holds its target", Controls(busy="INC-OTHER"), (_reserved(1, approved=True),)),
    Case("an hour later it counts no more", Controls(), (_reserved(60, ended=59),)),
    Case("within the hour it counts", Controls(actions_on_target=1, actions_in_all=1), (_reserved(59.9, ended=59),)),
    Case("a pause without an end holds", PAUSED, pause=_stop("pause", None)),
    Case("a pause with an end holds until then", PAUSED, pause=_stop("pause", 1)),
    Case("a pause that ends now is over", Controls(), pause=_stop("pause", 0)),
    Case("a freeze says until when", Controls(frozen_until=NOW + minutes(1)), freeze=_stop("freeze", 1)),
    Case("a freeze that ends now is over", Controls(), freeze=_stop("freeze", 0)),
)  # fmt: skip


@pytest.mark.parametrize("case", rows(CASES))
def test_controls(case: Case) -> None:
    assert controls_at(TARGET, NOW, case.reservations, case.pause, case.freeze) == case.expected


def test_a_freeze_without_an_end_is_refused_for_it_would_hold_nothing() -> None:
    with pytest.raises(ValidationError, match="a freeze has an end"):
        _stop("freeze", None)


def test_a_reservation_is_that_of_one_plan() -> None:
    verdict = GateVerdict(ruling=Ruling.RUN, clause="allowed", reason="it may")
    held = reserve(plan(), verdict, SURE)
    assert held.of(plan())
    assert not held.of(plan(attempt=2))
    assert not held.of(plan(parameters={"cap": 1}))
    assert held.expires_at - held.began_at == timedelta(seconds=60) + minutes(10)


# -- several people's stops -------------------------------------------------------------------------------------------


def _word(who: str, until: float | None) -> Stop:
    return _stop("pause", until).model_copy(update={"who": who})


@dataclass(frozen=True)
class Words:
    name: str
    said: tuple[Stop, ...]
    holds: int | None
    """Which of them, None: none."""


WORDS = (
    Words("without any nothing is stopped", (), None),
    Words("a shorter pause does not end a longer one of somebody else", (_word("mia", 60), _word("ana", 5)), 0),
    Words("a longer one takes over", (_word("mia", 5), _word("ana", 60)), 1),
    Words("one without an end outlasts all others", (_word("mia", None), _word("ana", 600)), 0),
    Words("who made it too long makes it shorter", (_word("mia", 60), _word("mia", 5)), 1),
    Words("and what they had said before does not come back after it", (_word("mia", 60), _word("mia", 0)), None),
    Words("what is over holds nothing", (_word("mia", 0), _word("ana", -1)), None),
    Words("what is over leaves those that last", (_word("mia", 60), _word("ana", 0)), 0),
)


@pytest.mark.parametrize("case", rows(WORDS))
def test_of_several_stops_the_longest_holds(case: Words) -> None:
    assert in_force(case.said, NOW) == (None if case.holds is None else case.said[case.holds])
