"""The safety gate: each clause has cases, none can be left out, and no chance input gets a plan past it."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.gate import CLAUSES, Circumstances, Clause, Controls, GateVerdict, Ruling, gate
from domain.levels import Risk
from domain.plan import Plan
from domain.policy import Limits, Policy
from tests.unit.domain.examples import INCIDENT, NOW, minutes, plan, rows

RUN, ASK, REFUSE = Ruling.RUN, Ruling.ASK, Ruling.REFUSE
# Lets a MEDIUM plan on its one allowed target run: each case takes one thing away from it.
WORKING = Policy(max_risk_level=Risk.MEDIUM, allow=("database/orders",))
ALONE = "one source alone says so (metrics)"
SURE = Circumstances(confidence=0.9, now=NOW)
LOW, MEDIUM, HIGH = plan(), plan(risk=Risk.MEDIUM), plan(risk=Risk.HIGH)
NAN = float("nan")


def _policy(**changes: object) -> Policy:
    return WORKING.model_copy(update=changes)


def _sure(**changes: object) -> Circumstances:
    return SURE.model_copy(update=changes)


OBSERVE = _policy(max_risk_level=Risk.OBSERVE)


@dataclass(frozen=True)
class Case:
    name: str
    ruling: Ruling
    clause: str
    plan: Plan = LOW
    policy: Policy = WORKING
    controls: Controls = field(default=Controls())
    now: Circumstances = SURE

    def answer(self, clauses: Sequence[Clause] = CLAUSES) -> GateVerdict:
        return gate(self.plan, self.policy, self.controls, self.now, clauses)


CASES = (
    Case("a sure LOW plan on an allowed target runs", RUN, "allowed"),
    Case("a sure MEDIUM plan runs at the working level", RUN, "allowed", MEDIUM),
    Case("nothing runs when a person has taken over", REFUSE, "hands_off", now=_sure(hands_off=True)),
    Case("a pause stops it", REFUSE, "paused", controls=Controls(paused=True, pause_reason="game day")),
    Case("a new installation only looks", REFUSE, "observe", policy=OBSERVE),
    Case("a target off the allow-list is refused", REFUSE, "allow_list", plan(target="database/payments")),
    Case("an empty allow-list allows nothing", REFUSE, "allow_list", policy=_policy(allow=())),
    Case("part of a listed name is not listed", REFUSE, "allow_list", plan(target="database/order")),
    Case("a precheck that objects refuses", REFUSE, "precheck", now=_sure(precheck="the pool is not full")),
    Case("one action at a time on a target", REFUSE, "busy", controls=Controls(busy="INC-20260204-OTHER1")),
    Case("its own reservation does not stand in its way", RUN, "allowed", controls=Controls(busy=INCIDENT)),
    Case("a freeze makes it ask", ASK, "frozen", controls=Controls(frozen_until=NOW + minutes(1))),
    Case("a freeze that ends now is over", RUN, "allowed", controls=Controls(frozen_until=NOW)),
    Case("a MEDIUM plan asks where LOW is the limit", ASK, "risk", MEDIUM, _policy(max_risk_level=Risk.LOW)),
    Case("a HIGH plan always asks", ASK, "risk", HIGH),
    Case(
        "a HIGH plan asks even where a policy was made that allows it",
        ASK,
        "risk",
        HIGH,
        _policy(max_risk_level=Risk.HIGH),
    ),
    Case("a LOW plan asks below 0.6", ASK, "confidence", now=_sure(confidence=0.59)),
    Case("a LOW plan runs from 0.6 on", RUN, "allowed", now=_sure(confidence=0.6)),
    Case("a MEDIUM plan asks below 0.75", ASK, "confidence", MEDIUM, now=_sure(confidence=0.74)),
    Case("a MEDIUM plan runs from 0.75 on", RUN, "allowed", MEDIUM, now=_sure(confidence=0.75)),
    Case("full confidence runs", RUN, "allowed", now=_sure(confidence=1.0)),
    Case("a confidence that is not a number asks", ASK, "confidence", now=_sure(confidence=NAN)),
    Case("a confidence beyond 1 asks", ASK, "confidence", now=_sure(confidence=float("inf"))),
    Case("a cause that a model put first asks, however sure", ASK, "advised", now=_sure(advised=True, confidence=1.0)),
    Case("what one source says asks, however sure", ASK, "unattested", now=_sure(unattested=ALONE, confidence=0.95)),
    Case("one action on the target leaves room for another", RUN, "allowed", controls=Controls(actions_on_target=1)),
    Case("two actions on a target within the hour are enough", REFUSE, "target_limit",
         controls=Controls(actions_on_target=2)),
    Case("nine actions in all leave room for another", RUN, "allowed", controls=Controls(actions_in_all=9)),
    Case("ten actions within the hour are enough", REFUSE, "hour_limit", controls=Controls(actions_in_all=10)),
    Case("a limit of none stops them all", REFUSE, "hour_limit", policy=_policy(limits=Limits(per_hour=0))),
    Case("a person's approval lets HIGH run", RUN, "approved", HIGH, now=_sure(approved=True)),
    Case("a person's approval outweighs low confidence", RUN, "approved", now=_sure(approved=True, confidence=0.1)),
    Case("a person may decide for what one source says", RUN, "approved", now=_sure(approved=True, unattested=ALONE)),
    Case("a person may decide for what a model put first", RUN, "approved", now=_sure(approved=True, advised=True)),
    Case("a person may act in a freeze", RUN, "approved", now=_sure(approved=True),
         controls=Controls(frozen_until=NOW + minutes(60))),
    Case("a person may act beyond the limits", RUN, "approved", now=_sure(approved=True),
         controls=Controls(actions_on_target=2, actions_in_all=10)),
    Case("approval does not undo hands-off", REFUSE, "hands_off", now=_sure(approved=True, hands_off=True)),
    Case("approval does not undo a pause", REFUSE, "paused", now=_sure(approved=True), controls=Controls(paused=True)),
    Case("approval does not undo observing", REFUSE, "observe", policy=OBSERVE, now=_sure(approved=True)),
    Case("approval does not widen the allow-list", REFUSE, "allow_list", plan(target="database/payments"),
         now=_sure(approved=True)),
    Case("approval does not undo a precheck", REFUSE, "precheck", now=_sure(approved=True, precheck="no")),
    Case("approval does not free a busy target", REFUSE, "busy", now=_sure(approved=True),
         controls=Controls(busy="INC-20260204-OTHER1")),
)  # fmt: skip


@pytest.mark.parametrize("case", rows(CASES))
def test_gate(case: Case) -> None:
    verdict = case.answer()
    assert (verdict.ruling, verdict.clause) == (case.ruling, case.clause)
    assert verdict.reason


@pytest.mark.parametrize(
    ("controls", "said"),
    [
        (Controls(paused=True, pause_reason="game day (ada)"), "automation is paused: game day (ada)"),
        (Controls(paused=True), "automation is paused"),
    ],
)
def test_a_pause_is_told_with_its_reason_if_there_is_one(controls: Controls, said: str) -> None:
    assert gate(LOW, WORKING, controls, SURE).reason == said


@pytest.mark.parametrize("clause", CLAUSES, ids=lambda clause: clause.__name__)
def test_every_clause_matters(clause: Clause) -> None:
    """Without it, some case of the table has another ruling: not one of them could be lost unnoticed."""
    others = [c for c in CLAUSES if c is not clause]
    assert any(case.answer(others).ruling is not case.ruling for case in CASES)


def test_every_clause_has_a_case_of_its_own() -> None:
    assert {case.clause for case in CASES} == {clause.__name__.removeprefix("_") for clause in CLAUSES} | {"allowed"}


RARELY = st.sampled_from([False, False, False, True])
PLANS = st.builds(plan, risk=st.sampled_from(Risk), target=st.sampled_from(["database/orders", "database/payments"]))
POLICIES = st.builds(
    _policy,
    max_risk_level=st.sampled_from(Risk),
    allow=st.sampled_from([(), ("database/orders",), ("database/orders", "database/payments")]),
    limits=st.builds(Limits, per_target_hour=st.integers(0, 3), per_hour=st.integers(0, 12)),
)
CONTROLS = st.builds(
    Controls,
    paused=RARELY,
    frozen_until=st.none() | st.sampled_from([NOW - minutes(1), NOW, NOW + minutes(1)]),
    actions_on_target=st.integers(0, 4),
    actions_in_all=st.integers(0, 14),
    busy=st.none() | st.sampled_from([INCIDENT, "INC-20260204-OTHER1"]),
)
CIRCUMSTANCES = st.builds(
    Circumstances,
    confidence=st.floats(0, 1) | st.floats(),
    hands_off=RARELY,
    approved=st.booleans(),
    precheck=st.none() | st.just("something speaks against it"),
    now=st.just(NOW),
)
ANYTHING = (PLANS, POLICIES, CONTROLS, CIRCUMSTANCES)


@given(*ANYTHING)
def test_a_high_risk_plan_never_runs_without_approval(
    wanted: Plan, policy: Policy, controls: Controls, now: Circumstances
) -> None:
    alone = now.model_copy(update={"approved": False})
    assert gate(wanted.model_copy(update={"risk": Risk.HIGH}), policy, controls, alone).ruling is not RUN


@given(*ANYTHING)
def test_nothing_runs_outside_of_the_allow_list(
    wanted: Plan, policy: Policy, controls: Controls, now: Circumstances
) -> None:
    elsewhere = wanted.model_copy(update={"target": "database/ledger"})
    assert gate(elsewhere, policy, controls, now).ruling is REFUSE


@given(*ANYTHING)
def test_an_installation_that_observes_never_runs_anything(
    wanted: Plan, policy: Policy, controls: Controls, now: Circumstances
) -> None:
    observing = policy.model_copy(update={"max_risk_level": Risk.OBSERVE})
    assert gate(wanted, observing, controls, now).ruling is REFUSE


@given(*ANYTHING)
def test_nothing_runs_in_a_pause_or_when_a_person_has_taken_over(
    wanted: Plan, policy: Policy, controls: Controls, now: Circumstances
) -> None:
    assert gate(wanted, policy, controls.model_copy(update={"paused": True}), now).ruling is REFUSE
    assert gate(wanted, policy, controls, now.model_copy(update={"hands_off": True})).ruling is REFUSE


@given(*ANYTHING)
def test_what_runs_by_itself_keeps_every_limit(
    wanted: Plan, policy: Policy, controls: Controls, now: Circumstances
) -> None:
    if gate(wanted, policy, controls, now.model_copy(update={"approved": False})).ruling is not RUN:
        return
    assert policy.max_risk_level.at_least(wanted.risk)
    assert 0.6 <= now.confidence <= 1
    assert controls.actions_on_target < policy.limits.per_target_hour
    assert controls.actions_in_all < policy.limits.per_hour
    assert controls.busy in {None, INCIDENT}
    assert controls.frozen_until is None or controls.frozen_until <= now.now


@given(PLANS, POLICIES, CONTROLS, CIRCUMSTANCES, st.sampled_from([NAN, -0.1, 1.1, float("inf"), -float("inf")]))
def test_nothing_runs_by_itself_on_a_confidence_that_is_no_share(
    wanted: Plan, policy: Policy, controls: Controls, now: Circumstances, confidence: float
) -> None:
    alone = now.model_copy(update={"confidence": confidence, "approved": False})
    assert gate(wanted, policy, controls, alone).ruling is not RUN


@given(*ANYTHING)
def test_approval_only_settles_what_would_have_asked_or_what_limits_the_machine(
    wanted: Plan, policy: Policy, controls: Controls, now: Circumstances
) -> None:
    """Whatever else refuses without an approval refuses with one, for the same reason."""
    alone = gate(wanted, policy, controls, now.model_copy(update={"approved": False}))
    approved = gate(wanted, policy, controls, now.model_copy(update={"approved": True}))
    if alone.ruling is REFUSE and alone.clause not in {"target_limit", "hour_limit"}:
        assert approved == alone
    else:
        assert approved.ruling is RUN
