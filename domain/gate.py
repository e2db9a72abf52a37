"""The safety gate: may this plan run by itself? Pure; the answer names the clause that decided and why."""

from collections.abc import Callable, Sequence
from enum import StrEnum

from pydantic import AwareDatetime

from domain.allowed import allows
from domain.levels import Risk
from domain.model import Model
from domain.plan import Plan
from domain.policy import Policy


class Ruling(StrEnum):
    """RUN: act now. ASK: a person decides. REFUSE: nobody may run this now; people are told."""

    RUN = "run"
    ASK = "ask"
    REFUSE = "refuse"


class Controls(Model):
    """What holds outside of the incident at this moment, read from the store.

    Counts are of automatic attempts that began within the last hour; `busy` names the incident whose attempt on the
    same target has not ended; `paused_by`, `frozen_until` and their reasons come from people.
    """

    paused: bool = False
    pause_reason: str = ""
    frozen_until: AwareDatetime | None = None
    actions_on_target: int = 0
    actions_in_all: int = 0
    busy: str | None = None


class Circumstances(Model):
    """What holds inside of the incident: how sure we are, and what people said. `advised`: a language model and
    the ranking do not agree on the first cause. `unattested`: why too few sources speak for it; None: enough do.
    """

    confidence: float
    advised: bool = False
    unattested: str | None = None
    hands_off: bool = False
    approved: bool = False
    precheck: str | None = None
    now: AwareDatetime


class GateVerdict(Model):
    """The ruling, the clause that made it (its name is stable: it is audited) and a sentence for people."""

    ruling: Ruling
    clause: str
    reason: str


Clause = Callable[[Plan, Policy, Controls, Circumstances], GateVerdict | None]


def _allowed(plan: Plan, policy: Policy, now: Circumstances) -> str:
    return (
        f"risk {plan.risk} is within the limit {policy.max_risk_level}, confidence {now.confidence:.2f} is above "
        f"the floor, and {plan.target} is on the allow-list"
    )


def _verdict(ruling: Ruling, clause: str, reason: str) -> GateVerdict:
    return GateVerdict(ruling=ruling, clause=clause, reason=reason)


def _hands_off(_p: Plan, _y: Policy, _c: Controls, now: Circumstances) -> GateVerdict | None:
    if now.hands_off:
        return _verdict(Ruling.REFUSE, "hands_off", "a person has taken this incident over")
    return None


def _paused(_p: Plan, _y: Policy, controls: Controls, _n: Circumstances) -> GateVerdict | None:
    if controls.paused:
        why = f": {controls.pause_reason}" if controls.pause_reason else ""
        return _verdict(Ruling.REFUSE, "paused", f"automation is paused{why}")
    return None


def _allow_list(plan: Plan, policy: Policy, _c: Controls, _n: Circumstances) -> GateVerdict | None:
    if not allows(policy.allow, plan.target):
        return _verdict(Ruling.REFUSE, "allow_list", f"{plan.target} is not on the allow-list")
    return None


def _precheck(_p: Plan, _y: Policy, _c: Controls, now: Circumstances) -> GateVerdict | None:
    if now.precheck is not None:
        return _verdict(Ruling.REFUSE, "precheck", now.precheck)
    return None


def _busy(plan: Plan, _y: Policy, controls: Controls, _n: Circumstances) -> GateVerdict | None:
    if controls.busy is not None and controls.busy != plan.incident:
        return _verdict(Ruling.REFUSE, "busy", f"{controls.busy} is acting on {plan.target} right now")
    return None


def _approved(_p: Plan, _y: Policy, _c: Controls, now: Circumstances) -> GateVerdict | None:
    """What follows limits the machine alone; a person's approval of this very plan settles it."""
    if now.approved:
        return _verdict(Ruling.RUN, "approved", "a person approved this plan")
    return None


def _observe(_p: Plan, policy: Policy, _c: Controls, _n: Circumstances) -> GateVerdict | None:
    if policy.max_risk_level is Risk.OBSERVE:
        return _verdict(Ruling.REFUSE, "observe", "this installation only observes: the plan is a dry run")
    return None


def _frozen(_p: Plan, _y: Policy, controls: Controls, now: Circumstances) -> GateVerdict | None:
    if controls.frozen_until is not None and now.now < controls.frozen_until:
        until = f"{controls.frozen_until:%Y-%m-%d %H:%M %Z}"
        return _verdict(Ruling.ASK, "frozen", f"automatic actions are frozen until {until}")
    return None


def _risk(plan: Plan, policy: Policy, _c: Controls, _n: Circumstances) -> GateVerdict | None:
    if plan.risk is Risk.HIGH or not policy.max_risk_level.at_least(plan.risk):
        limit = policy.max_risk_level
        return _verdict(Ruling.ASK, "risk", f"risk {plan.risk} is above the limit {limit}: needs a person")
    return None


def _confidence(plan: Plan, policy: Policy, _c: Controls, now: Circumstances) -> GateVerdict | None:
    floor = policy.floors.MEDIUM if plan.risk is Risk.MEDIUM else policy.floors.LOW
    # Written so that a confidence that is not a number counts as too low.
    if not now.confidence >= floor:
        said = f"confidence {now.confidence:.2f} is below {floor:.2f}, the floor for risk {plan.risk}"
        return _verdict(Ruling.ASK, "confidence", said)
    if now.confidence > 1:
        return _verdict(Ruling.ASK, "confidence", f"confidence {now.confidence!r} is no share from 0 to 1")
    return None


def _advised(_p: Plan, _y: Policy, _c: Controls, now: Circumstances) -> GateVerdict | None:
    if now.advised:
        said = "a language model and the ranking put different causes first: a person decides"
        return _verdict(Ruling.ASK, "advised", said)
    return None


def _unattested(_p: Plan, _y: Policy, _c: Controls, now: Circumstances) -> GateVerdict | None:
    """A source that is wrong is wrong as a whole: to be sure is not enough to act on what nothing else confirms."""
    if now.unattested is not None:
        return _verdict(Ruling.ASK, "unattested", f"{now.unattested}: a person decides")
    return None


def _target_limit(plan: Plan, policy: Policy, controls: Controls, _n: Circumstances) -> GateVerdict | None:
    if controls.actions_on_target >= policy.limits.per_target_hour:
        return _verdict(
            Ruling.REFUSE,
            "target_limit",
            f"{controls.actions_on_target} automatic actions on {plan.target} within the hour, "
            f"the limit is {policy.limits.per_target_hour}",
        )
    return None


def _hour_limit(_p: Plan, policy: Policy, controls: Controls, _n: Circumstances) -> GateVerdict | None:
    if controls.actions_in_all >= policy.limits.per_hour:
        return _verdict(
            Ruling.REFUSE,
            "hour_limit",
            f"{controls.actions_in_all} automatic actions within the hour, the limit is {policy.limits.per_hour}",
        )
    return None


CLAUSES: tuple[Clause, ...] = (
    _hands_off, _paused, _observe, _allow_list, _precheck, _busy,
    _approved,
    _frozen, _risk, _confidence, _advised, _unattested, _target_limit, _hour_limit,
)  # fmt: skip


def gate(
    plan: Plan, policy: Policy, controls: Controls, now: Circumstances, clauses: Sequence[Clause] = CLAUSES,
) -> GateVerdict:  # fmt: skip
    """The first clause that objects decides; when none does, the plan runs."""
    for clause in clauses:
        verdict = clause(plan, policy, controls, now)
        if verdict is not None:
            return verdict
    return GateVerdict(ruling=Ruling.RUN, clause="allowed", reason=_allowed(plan, policy, now))


_STRICTNESS = (Ruling.RUN, Ruling.ASK, Ruling.REFUSE)


def strictest(own: GateVerdict, current: GateVerdict | None) -> GateVerdict:
    """The stricter of two answers: by the policy with which the incident began, and by the one that holds now.

    None: nobody knows another policy. Of two that say the same the incident's own gives the reason.
    """
    if current is None or _STRICTNESS.index(current.ruling) <= _STRICTNESS.index(own.ruling):
        return own
    return current.model_copy(update={"reason": f"by the policy that the worker has now: {current.reason}"})
