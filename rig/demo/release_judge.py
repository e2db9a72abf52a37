"""The judge of a bad release: what the cluster runs now, read from it by its administrator, not by the product."""

from collections.abc import Iterator, Sequence

from domain.approval import Verdict
from domain.escalation import Reason
from domain.incident import Outcome
from domain.plan import Action
from domain.view import IncidentView
from rig.demo.arrived import Arrived, judge_told
from rig.demo.judge import BROKEN_ERROR_RATE, NORMAL_ERROR_RATE, Check
from rig.demo.people import APPROVER
from rig.faults.fault import RolloutReport


def judge_rolled_back(
    view: IncidentView, error_rate: float, rollout: RolloutReport, audited: Sequence[str]
) -> Iterator[Check]:
    """What must hold when a person approved. `audited` are the results of the audit log's rows about the rollback."""
    yield Check(
        "the shop's customers are served again",
        error_rate <= NORMAL_ERROR_RATE,
        f"{error_rate:.1%} of requests failed in the last 20 s",
    )
    yield Check("the template of before is back, by a rollout of its own", rollout.is_back, _revisions(rollout))
    running = [revision for revision, replicas in rollout.replica_sets if replicas]
    yield Check(
        "only its ReplicaSet has pods",
        running == [rollout.now.revision],
        f"revisions with pods: {', '.join(map(str, running)) or 'none'}",
    )
    approved = [f"{d.who} by {d.door}" for d in view.decisions if d.verdict is Verdict.APPROVE and d.who == APPROVER]
    yield Check("the person approved it", bool(approved), ", ".join(approved) or "no such decision")
    yield Check("the audit log has it, once", len(audited) == 1, "; ".join(audited) or "no row")
    yield Check(
        "the incident closed as resolved_by_human",
        view.outcome is Outcome.RESOLVED_BY_HUMAN,
        f"{view.outcome or view.state}",
    )


def judge_undecided(
    view: IncidentView, error_rate: float, rollout: RolloutReport, seen: Arrived, *, rejected: bool
) -> Iterator[Check]:
    """What must hold when the person says no, or nobody comes: nothing was done, and people were told everywhere."""
    asked = [a for a in view.attempts if a.plan.action is Action.ROLLBACK_DEPLOYMENT]
    yield Check("a rollback was planned, and asked for", bool(asked), asked[0].gate.reason if asked else "no such plan")
    refusals = [d.who for d in view.decisions if d.verdict is Verdict.REJECT]
    # An alert that joins after the first no is news: it is looked at anew, and asked again.
    right = set(refusals) == {APPROVER} if rejected else not view.decisions
    yield Check(
        "the person rejected it" if rejected else "nobody decided",
        right,
        ", ".join(f"{d.verdict} by {d.who}" for d in view.decisions) or "no decision",
    )
    executed = [a.plan.sentence for a in view.attempts if a.executed is not None]
    still = rollout.now == rollout.broken and not executed
    yield Check("the broken release still runs", still, _revisions(rollout))
    yield Check("customers still fail", error_rate > BROKEN_ERROR_RATE, f"{error_rate:.1%} of requests failed")
    yield Check("it is escalated", view.escalated, "yes" if view.escalated else view.state.value)
    yield from judge_told(seen, Reason.APPROVAL_REFUSED if rejected else Reason.APPROVAL_EXPIRED)


def judge_paused(view: IncidentView, error_rate: float, rollout: RolloutReport) -> Iterator[Check]:
    """What must hold in the control run: the pause, and nothing else, kept the release in place."""
    clauses = sorted({a.gate.clause for a in view.attempts})
    yield Check("the gate refused because of the pause", clauses == ["paused"], ", ".join(clauses) or "no plan")
    yield Check("the broken release still runs", rollout.now == rollout.broken, _revisions(rollout))
    yield Check("customers still fail", error_rate > BROKEN_ERROR_RATE, f"{error_rate:.1%} of requests failed")


def _revisions(rollout: RolloutReport) -> str:
    seen = (rollout.before, rollout.broken, rollout.now)
    return " -> ".join(f"revision {one.revision} ({one.image})" for one in seen)
