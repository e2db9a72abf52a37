"""How an incident ended, from the facts, and what people see of it then."""

from dataclasses import dataclass

import pytest

from domain.gate import GateVerdict, Ruling
from domain.incident import Attempt, Ending, Outcome, State, final_state, outcome
from tests.unit.domain.examples import plan, rows

ALLOWED = GateVerdict(ruling=Ruling.RUN, clause="allowed", reason="it may")
ATTEMPT = Attempt(number=1, plan=plan(), gate=ALLOWED)
APPROVED = ATTEMPT.model_copy(update={"approved_by": "ada"})


@dataclass(frozen=True)
class Case:
    name: str
    ending: Ending
    outcome: Outcome
    state: State


CASES = (
    Case("fixed by the machine alone", Ending(recovered=True, effective=ATTEMPT), Outcome.AUTO_RESOLVED,
         State.RESOLVED),
    Case("fixed by the machine on a person's approval", Ending(recovered=True, effective=APPROVED),
         Outcome.RESOLVED_BY_HUMAN, State.RESOLVED),
    Case("recovered without an action", Ending(recovered=True), Outcome.SELF_RESOLVED, State.RESOLVED),
    Case("recovered in a person's hands", Ending(recovered=True, by_hand="ada"), Outcome.RESOLVED_BY_HUMAN,
         State.RESOLVED),
    Case("recovered in a person's hands after the machine's attempt",
         Ending(recovered=True, by_hand="ada", effective=ATTEMPT), Outcome.RESOLVED_BY_HUMAN, State.RESOLVED),
    Case("given up in a person's hands", Ending(given_up=True, by_hand="ada"), Outcome.UNRESOLVED, State.UNRESOLVED),
    Case("said to be fixed by a person", Ending(person="ada"), Outcome.RESOLVED_BY_HUMAN, State.RESOLVED),
    Case("said to be fixed by a person after the machine's attempt", Ending(person="ada", effective=ATTEMPT),
         Outcome.RESOLVED_BY_HUMAN, State.RESOLVED),
    Case("said to have been nothing", Ending(person="ada", false_positive=True), Outcome.FALSE_POSITIVE,
         State.FALSE_POSITIVE),
    Case("recovered, and then said to have been nothing", Ending(recovered=True, person="ada", false_positive=True),
         Outcome.FALSE_POSITIVE, State.FALSE_POSITIVE),
    Case("given up", Ending(given_up=True), Outcome.UNRESOLVED, State.UNRESOLVED),
    Case("ended by something else", Ending(), Outcome.UNRESOLVED, State.UNRESOLVED),
    Case("taken over by another incident", Ending(merged_into="INC-1"), Outcome.MERGED, State.MERGED),
)  # fmt: skip


@pytest.mark.parametrize("case", rows(CASES))
def test_outcome(case: Case) -> None:
    assert outcome(case.ending) is case.outcome
    assert final_state(case.outcome) is case.state


@pytest.mark.parametrize("result", Outcome)
def test_every_outcome_closes(result: Outcome) -> None:
    assert final_state(result).closed


def test_no_other_state_is_closed() -> None:
    assert {state for state in State if state.closed} == {final_state(result) for result in Outcome}
