"""Which remediation is chosen for a cause, and why none is."""

from dataclasses import dataclass

import pytest

from domain.catalogue import CATALOGUE, Choice, choose
from domain.catalogue import Case as Situation
from domain.diagnosis import Contribution, Diagnosis
from domain.finding import Category, Finding
from domain.levels import Risk
from domain.plan import Action
from domain.policy import KillConnections, Policy
from domain.services import Database, Service, ServiceMap
from tests.unit.domain.examples import INCIDENT, diagnosis, finding, rows, shop

POLICY = Policy(kill_connections=KillConnections(idle_age_s=120, cap=7))
HELD, CAUSE, SHOP = finding(), diagnosis("F1"), shop()


def _choose(cause: Diagnosis, *findings: Finding, services: ServiceMap | None = None) -> Choice:
    return choose(
        Situation(
            incident=INCIDENT, attempt=2, diagnosis=cause, findings=findings or (HELD,), services=services or shop(),
            policy=POLICY,
        )
    )  # fmt: skip


def _facts(**changes: str) -> Finding:
    return HELD.model_copy(update={"facts": {**HELD.facts, **changes}})


WATCHED_ONLY = Database(name="orders", application="orders", watch="orders")


@dataclass(frozen=True)
class Case:
    name: str
    said: str
    diagnosis: Diagnosis = CAUSE
    findings: tuple[Finding, ...] = (HELD,)
    services: ServiceMap = SHOP


NONE = (
    Case("without a cause that is sure enough nothing is planned", "no cause is named",
         diagnosis("F1", confidence=0.49)),
    Case("without any hypothesis nothing is planned", "no cause is named",
         Diagnosis(confidence=0.9, confidence_reason="none")),
    Case("a confidence that is no number names no cause", "no cause is named",
         diagnosis("F1", confidence=float("nan"))),
    Case("a slow query is no matter of idle connections", "the cause is dependency",
         diagnosis("F1", category=Category.DEPENDENCY)),
    Case("a full pool that nobody idles in has nothing to end", "no application was found",
         diagnosis("F2"), (finding(id="F2", kind="connections_used"),)),
    Case("idle sessions that the cause does not rest on are left alone", "no application was found", diagnosis("F9")),
    Case("a database that is only watched cannot be acted on", "no connection by which it may be acted on",
         services=shop(Service(name="orders", databases=(WATCHED_ONLY,)))),
    Case("a database that nobody listed cannot be acted on", "database/other has no connection",
         findings=(_facts(target="database/other"),)),
    Case("the sessions of the service itself are never ended", "those of orders itself",
         findings=(_facts(application="orders"),)),
    Case("a finding without the names that a plan needs plans nothing", "names no role",
         findings=(HELD.model_copy(update={"facts": {"target": "database/orders", "application": "report"}}),)),
)  # fmt: skip


@pytest.mark.parametrize("case", rows(NONE))
def test_no_plan(case: Case) -> None:
    choice = _choose(case.diagnosis, *case.findings, services=case.services)
    assert choice.plan is None
    assert case.said in "; ".join(choice.reasons)


def test_idle_sessions_that_fill_the_pool_are_ended_within_the_policys_bounds() -> None:
    plan = _choose(diagnosis("F1")).plan
    assert plan is not None
    assert (plan.action, plan.risk, plan.target) == (Action.KILL_CONNECTIONS, Risk.LOW, "database/orders")
    assert (plan.incident, plan.attempt, plan.timeout_s, plan.undo) == (INCIDENT, 2, 60, "none")
    assert plan.parameters == {
        "role": "reporter", "application": "report", "idle_age_s": 120.0, "cap": 7, "remedy": "orders_admin",
        "database": "orders",
    }  # fmt: skip
    assert plan.sentence == (
        "End at most 7 sessions of report (role reporter) in database/orders that have been idle for 120 s or longer."
    )


def test_of_several_holders_the_one_with_most_sessions_is_chosen() -> None:
    small = finding(id="F2", value=3.0, facts={**HELD.facts, "application": "cron"})
    for findings in ((HELD, small), (small, HELD)):
        plan = _choose(diagnosis("F1", "F2"), *findings).plan
        assert plan is not None
        assert plan.parameters["application"] == "report"


def test_a_finding_that_speaks_against_the_cause_is_no_ground_for_acting() -> None:
    cause = diagnosis("F1")
    against = (Contribution(finding="F1", bits=-2.0),)
    doubted = cause.hypotheses[0].model_copy(update={"contributions": against})
    assert _choose(cause.model_copy(update={"hypotheses": (doubted,)})).plan is None


def test_every_action_that_can_be_executed_has_one_entry() -> None:
    assert sorted(entry.action for entry in CATALOGUE) == sorted(Action)


def test_an_entry_says_of_itself_what_its_plans_say() -> None:
    plan = _choose(diagnosis("F1")).plan
    assert plan is not None
    entry = next(e for e in CATALOGUE if e.action is plan.action)
    assert (plan.risk, plan.undo, plan.timeout_s) == (entry.risk, entry.undo, entry.timeout_s)
