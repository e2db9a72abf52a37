"""A warrant: does an approval hold where it is acted on, by the worker's own rules, whatever the incident says of it?

Whoever may write to the Temporal namespace can start an incident with a policy of their own and say that a plan was
approved. They cannot change what a worker was started with, and cannot make a seal.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import SecretStr

from domain.approval import Decision, Verdict
from domain.catalogue import entry_of
from domain.levels import Risk
from domain.plan import Plan
from domain.policy import Policy
from domain.proof import genuine


@dataclass(frozen=True)
class Rules:
    """What a worker has of its own. `policy` None: nothing, so it goes by what the incident says.

    `limits`: the highest risk that a person may decide on, by name. `key`: of the seals; None: it can check none, and
    every approval is a claim to it.
    """

    policy: Policy | None = None
    limits: Mapping[str, Risk] = field(default_factory=dict[str, Risk])
    key: SecretStr | None = None


def objection(plan: Plan, approval: Decision | None, rules: Rules) -> str | None:
    """What speaks against acting by these rules on this approval; None: nothing. `approval` None: nobody was asked."""
    policy = rules.policy
    if policy is None:
        return None
    least = entry_of(plan.action).risk
    if not plan.risk.at_least(least):
        return f"{plan.action} is of risk {least}, and the plan says {plan.risk}"
    if approval is not None:
        return _unfit(plan, approval) or _not_theirs(plan, approval, policy, rules) or _unproven(plan, approval, rules)
    if plan.risk is Risk.HIGH or not policy.max_risk_level.at_least(plan.risk):
        return f"risk {plan.risk} needs a person, and it came without an approval"
    return None


def _unfit(plan: Plan, approval: Decision) -> str | None:
    if approval.verdict is not Verdict.APPROVE:
        return f"{approval.who} did not approve it, but said {approval.verdict}"
    if not approval.names(plan.digest):
        return f"the approval is of plan {approval.digest[:8]}, this is {plan.short_digest}"
    return None


def _not_theirs(plan: Plan, approval: Decision, policy: Policy, rules: Rules) -> str | None:
    if approval.who not in policy.approvers:
        return f"{approval.who!r} is not one of the approvers"
    limit = rules.limits.get(approval.who, Risk.HIGH)
    return None if limit.at_least(plan.risk) else f"{approval.who!r} may approve up to {limit}, this is {plan.risk}"


def _unproven(plan: Plan, approval: Decision, rules: Rules) -> str | None:
    """Of a proof the content is checked. Its age was, when the word came: acting can take longer."""
    if approval.seal is not None and rules.key is not None:
        # The first characters of a digest are enough for a person, not for a seal: another plan can have the same ones.
        fits = approval.digest == plan.digest and genuine(
            approval.word(plan.incident), approval.seal, rules.key.get_secret_value().encode()
        )
        return None if fits else "the proof of the approval does not fit this plan"
    if rules.policy is not None and rules.policy.claimed_identity_up_to.at_least(plan.risk):
        return None
    missing = "came without a proof" if approval.seal is None else "has a proof that this worker has no key to check"
    return f"risk {plan.risk} needs a proven approval, and {approval.who}'s {missing}"
