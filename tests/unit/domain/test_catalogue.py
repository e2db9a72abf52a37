"""Which remediation is chosen for a cause, and why none is."""

from dataclasses import dataclass

import pytest

from domain.catalogue import CATALOGUE, Choice, choose, entry_of, leads_to_a_plan
from domain.catalogue import Case as Situation
from domain.diagnosis import Contribution, Diagnosis
from domain.finding import Category, Finding, Source
from domain.incident import Executed
from domain.levels import Risk
from domain.plan import Action
from domain.policy import KillConnections, Policy
from domain.services import Database, Deployment, Service, ServiceMap
from tests.unit.domain.examples import INCIDENT, NOW, diagnosis, finding, rows, shop

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


@pytest.mark.parametrize(
    ("confidence", "allow", "leads"),
    [(0.9, ("database/orders",), True), (0.9, ("database/billing",), False), (0.4, ("database/orders",), False)],
)
def test_a_plan_counts_where_its_target_is_on_the_allow_list(
    confidence: float, allow: tuple[str, ...], leads: bool
) -> None:
    """Any other is refused, whoever approves it: an incident has as little of it as of none."""
    situation = Situation(
        incident=INCIDENT, attempt=1, diagnosis=diagnosis("F1", confidence=confidence), findings=(HELD,), services=SHOP,
        policy=POLICY.model_copy(update={"allow": allow}),
    )  # fmt: skip
    assert leads_to_a_plan(situation) is leads


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


# -- releases and restarts --------------------------------------------------------------------------------------------

DEPLOYED = shop(Service(name="orders", deployment=Deployment(namespace="shop", name="orders")))
BAD = diagnosis("F1", category=Category.BAD_DEPLOYMENT)
RELEASE = finding(kind="rollout", source=Source.CHANGES, facts={
    "target": "deployment/shop/orders", "uid": "u1", "revision": 8, "template_hash": "hash8", "image": "orders:8",
    "fingerprint": "print8", "to_revision": 7, "revisions": "7,6", "releases": "7:print7,6:print6",
    "at": "2026-02-04T09:58:00+00:00", "before_onset_s": 120.0, "runs_now": True,
    "returned": False, "runs_revision": 8, "runs_template_hash": "hash8",
})  # fmt: skip


def _release(**changes: str | float | bool) -> Finding:
    return RELEASE.model_copy(update={"facts": {**RELEASE.facts, **changes}})


def test_a_release_that_broke_its_service_is_rolled_back_by_a_persons_decision_only() -> None:
    plan = _choose(BAD, RELEASE, services=DEPLOYED).plan
    assert plan is not None
    assert (plan.action, plan.risk, plan.target) == (
        Action.ROLLBACK_DEPLOYMENT, Risk.HIGH, "deployment/shop/orders",
    )  # fmt: skip
    assert plan.sentence == "Roll back deployment/shop/orders from revision 8 (orders:8) to 7."
    assert (plan.parameters["revision"], plan.parameters["revisions"]) == (7, "7,6")
    assert plan.parameters["releases"] == "7:print7,6:print6"


@pytest.mark.parametrize(
    ("release", "said"),
    [
        (_release(runs_now=False), "does not run any more"),
        (_release(returned=True), "is itself a return"),
        (_release(before_onset_s=3601.0), "which is too long ago"),
        (_release(target="deployment/shop/gateway"), "no release of deployment/shop/orders"),
        (finding(kind="rollout", facts={"target": "deployment/shop/orders"}), "no earlier release to go back to"),
    ],
)
def test_no_other_release_is_rolled_back(release: Finding, said: str) -> None:
    choice = _choose(BAD, release, services=DEPLOYED)
    assert choice.plan is None
    assert said in "; ".join(choice.reasons)


def test_of_two_releases_the_one_right_before_the_trouble_is_looked_at() -> None:
    older = _release(revision=7, before_onset_s=1200.0, runs_now=False).model_copy(update={"id": "F2"})
    cause = diagnosis("F1", "F2", category=Category.BAD_DEPLOYMENT)
    for findings in ((RELEASE, older), (older, RELEASE)):
        plan = _choose(cause, *findings, services=DEPLOYED).plan
        assert plan is not None
        assert plan.parameters["from_revision"] == 8


def test_a_leak_is_restarted_for_the_release_that_was_seen_to_run() -> None:
    plan = _choose(diagnosis("F9", category=Category.MEMORY_LEAK), RELEASE, services=DEPLOYED).plan
    assert plan is not None
    assert (plan.action, plan.risk) == (Action.RESTART_SERVICE, Risk.MEDIUM)
    assert plan.parameters == {"uid": "u1", "from_revision": 8, "from_template_hash": "hash8"}


def test_a_deployment_that_nobody_could_look_at_is_not_restarted() -> None:
    choice = _choose(diagnosis("F1", category=Category.MEMORY_LEAK), HELD, services=DEPLOYED)
    assert choice.plan is None
    assert "could not be looked at" in "; ".join(choice.reasons)


def test_rolling_forward_is_never_chosen_only_planned_as_the_undo_of_what_was_done() -> None:
    assert entry_of(Action.ROLL_FORWARD).plan is None
    back = _choose(BAD, RELEASE, services=DEPLOYED).plan
    undo = entry_of(Action.ROLLBACK_DEPLOYMENT).undo_plan
    assert back is not None
    assert undo is not None
    done = Executed(
        started_at=NOW, ended_at=NOW, affected=3, before={}, after={"revision": 9, "template_hash": "hash7"}, detail="."
    )  # fmt: skip
    forward = undo(back, done)
    assert (forward.action, forward.risk, forward.target) == (Action.ROLL_FORWARD, Risk.HIGH, back.target)
    assert forward.parameters == {
        "uid": "u1", "from_revision": 9, "from_template_hash": "hash7", "revision": 8, "releases": "8:print8",
    }  # fmt: skip
    assert entry_of(Action.ROLL_FORWARD).by_hand(forward)[1] == (
        "kubectl --namespace shop rollout undo deployment/orders --to-revision=8"
    )  # fmt: skip
