"""The judge of a bad release believes the cluster, and every one of its claims can fail."""

from collections.abc import Iterable
from typing import Any

import pytest

from domain.approval import Decision, Door, Verdict
from domain.escalation import WORDS, Reason
from domain.finding import Category
from domain.gate import GateVerdict, Ruling
from domain.incident import Attempt, Executed, Outcome, State
from domain.levels import Risk
from domain.plan import Action
from domain.view import Delivery, IncidentView
from rig.demo.arrived import Arrived
from rig.demo.judge import Check, control_sentence
from rig.demo.people import APPROVER
from rig.demo.release_judge import judge_paused, judge_rolled_back, judge_undecided
from rig.faults.fault import RolloutReport, Template
from tests.incidents import NOON, a_plan, a_view

BEFORE = Template(1, "shop/orders:1.4.2", "old")
BROKEN = Template(2, "shop/orders:1.5.0", "new")
BACK = Template(3, "shop/orders:1.4.2", "old")
STILL_BROKEN = RolloutReport(BEFORE, BROKEN, BROKEN, ((1, 0), (2, 2)))
ROLLED_BACK = RolloutReport(BEFORE, BROKEN, BACK, ((2, 0), (3, 2)))


def _decision(verdict: Verdict = Verdict.APPROVE, who: str = APPROVER) -> Decision:
    return Decision(verdict=verdict, digest="d" * 64, who=who, door=Door.SIGNAL)


def _attempt(*, executed: bool = False, clause: str = "risk", ruling: Ruling = Ruling.ASK) -> Attempt:
    plan = a_plan(
        action=Action.ROLLBACK_DEPLOYMENT, category=Category.BAD_DEPLOYMENT, target="deployment/shop/orders",
        parameters={"revision": 2}, risk=Risk.HIGH, sentence="Roll it back.",
    )  # fmt: skip
    done = Executed(started_at=NOON, ended_at=NOON, affected=2, before={}, after={}, detail="rolled back")
    gate = GateVerdict(ruling=ruling, clause=clause, reason="a rollback always asks")
    return Attempt(number=1, plan=plan, gate=gate, executed=done if executed else None)


def _resolved(**changes: Any) -> IncidentView:
    facts: dict[str, Any] = {
        "state": State.RESOLVED, "outcome": Outcome.RESOLVED_BY_HUMAN, "decisions": (_decision(),),
        "attempts": (_attempt(executed=True),),
    }  # fmt: skip
    return a_view(**{**facts, **changes})


def _failing(checks: Iterable[Check]) -> list[str]:
    return [check.claim for check in checks if not check.holds]


def test_a_rollback_that_a_person_approved_passes() -> None:
    assert _failing(judge_rolled_back(_resolved(), 0.0, ROLLED_BACK, ["rolled back"])) == []


@pytest.mark.parametrize(
    ("claim", "changed"),
    [
        ("the shop's customers", {"error_rate": 0.2}),
        ("the template of before", {"rollout": STILL_BROKEN}),
        ("the template of before", {"rollout": RolloutReport(BEFORE, BROKEN, BEFORE, ((1, 2),))}),
        ("only its ReplicaSet", {"rollout": RolloutReport(BEFORE, BROKEN, BACK, ((2, 1), (3, 2)))}),
        ("the person approved", {"view": _resolved(decisions=())}),
        ("the person approved", {"view": _resolved(decisions=(_decision(who="eve"),))}),
        ("the audit log", {"audited": []}),
        ("the audit log", {"audited": ["once", "twice"]}),
        ("the incident closed", {"view": _resolved(outcome=Outcome.AUTO_RESOLVED)}),
    ],
)
def test_each_claim_about_a_rollback_fails_alone(claim: str, changed: dict[str, Any]) -> None:
    right: dict[str, Any] = {"view": _resolved(), "error_rate": 0.0, "rollout": ROLLED_BACK, "audited": ["once"]}
    (failing,) = _failing(judge_rolled_back(**{**right, **changed}))
    assert failing.startswith(claim)


def _waiting(**changes: Any) -> IncidentView:
    sent = Delivery(at=NOON, channel="email", subject="orders", delivered=True)
    facts: dict[str, Any] = {
        "state": State.WAITING_FOR_PEOPLE, "escalated": True, "deliveries": (sent,), "attempts": (_attempt(),),
    }  # fmt: skip
    return a_view(**{**facts, **changes})


EXPIRED, REFUSED = WORDS[Reason.APPROVAL_EXPIRED], WORDS[Reason.APPROVAL_REFUSED]


def _arrived(why: str = EXPIRED, **changes: Any) -> Arrived:
    said = (f"Why you: {why} (tier 2)",)
    facts: dict[str, Any] = {"roots": 1, "posts": said, "incidents": 1, "calls": 1, "notes": said, "mails": said}
    return Arrived(**{**facts, **changes})


def test_silence_and_a_refusal_leave_the_release_where_it_is_and_call_people() -> None:
    assert _failing(judge_undecided(_waiting(), 0.15, STILL_BROKEN, _arrived(), rejected=False)) == []
    refused = _waiting(decisions=(_decision(Verdict.REJECT),))
    assert _failing(judge_undecided(refused, 0.15, STILL_BROKEN, _arrived(REFUSED), rejected=True)) == []


@pytest.mark.parametrize(
    ("claim", "changed"),
    [
        ("a rollback was planned", {"view": _waiting(attempts=())}),
        ("nobody decided", {"view": _waiting(decisions=(_decision(),))}),
        ("the person rejected", {"rejected": True, "seen": _arrived(REFUSED)}),
        ("the broken release", {"rollout": ROLLED_BACK}),
        ("the broken release", {"view": _waiting(attempts=(_attempt(executed=True),))}),
        ("customers still", {"error_rate": 0.0}),
        ("it is escalated", {"view": _waiting(escalated=False)}),
        ("Slack has one thread", {"seen": _arrived(roots=2)}),
        ("Slack has one thread", {"seen": _arrived(posts=(REFUSED,))}),
        ("PagerDuty has one incident", {"seen": _arrived(incidents=2)}),
        ("PagerDuty has one incident", {"seen": _arrived(calls=0)}),
        ("PagerDuty has one incident", {"seen": _arrived(notes=())}),
        ("the mailbox has a message", {"seen": _arrived(mails=(REFUSED,))}),
    ],
)
def test_each_claim_about_a_run_that_nobody_approved_fails_alone(claim: str, changed: dict[str, Any]) -> None:
    right: dict[str, Any] = {
        "view": _waiting(), "error_rate": 0.2, "rollout": STILL_BROKEN, "seen": _arrived(), "rejected": False
    }  # fmt: skip
    (failing,) = _failing(judge_undecided(**{**right, **changed}))
    assert failing.startswith(claim)


def test_the_control_holds_only_when_the_pause_alone_kept_the_release_in_place() -> None:
    def said(clause: str, rate: float, rollout: RolloutReport) -> str:
        view = a_view(attempts=(_attempt(clause=clause, ruling=Ruling.REFUSE),))
        return control_sentence(list(judge_paused(view, rate, rollout)))

    assert said("paused", 0.2, STILL_BROKEN).startswith("the control holds")
    assert said("allow_list", 0.2, STILL_BROKEN).startswith("the control proves nothing")
    assert said("paused", 0.0, STILL_BROKEN).startswith("the control proves nothing")
    assert said("paused", 0.2, ROLLED_BACK).startswith("the control proves nothing")
