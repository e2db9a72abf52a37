"""Approval: what a person may answer, and when an answer counts. Pure, so that it is tested without a server."""

from enum import StrEnum
from typing import Any

from pydantic import AwareDatetime

from domain.command import read_payload
from domain.levels import Risk
from domain.model import Model
from domain.plan import Action

_SHORT_DIGEST = 8
_DIGEST = 64


class Verdict(StrEnum):
    APPROVE = "approve"
    REJECT = "reject"


class Door(StrEnum):
    """By which way a decision came in. A signal proves nothing about who sent it."""

    SIGNAL = "signal"
    UPDATE = "update"
    CLI = "cli"
    CONSOLE = "console"
    SLACK = "slack"
    PAGERDUTY = "pagerduty"


class Decision(Model):
    """A person's answer. `who` is a claim unless `proven`."""

    verdict: Verdict
    digest: str
    who: str
    comment: str = ""
    door: Door
    proven: bool = False


class Request(Model):
    """A plan that waits for a person. The deadline is exclusive: at that instant it is too late."""

    digest: str
    action: Action
    risk: Risk
    sentence: str
    reason: str
    undo: str = "none"
    asked_at: AwareDatetime
    deadline: AwareDatetime
    approvers: tuple[str, ...]
    claimed_identity_up_to: Risk


class Answer(Model):
    """What became of a decision, in words for the person who sent it."""

    accepted: bool
    reason: str


def read_decision(raw: Any, verdict: Verdict, door: Door) -> Decision | str:  # noqa: ANN401 - it is untrusted
    """The decision in an untrusted payload, or the sentence that says what is wrong with it.

    Accepts {"digest", "who", "comment"} as an object or as JSON text; anything else is answered, never raised.
    """
    fields = read_payload(raw, ("digest", "who", "comment"))
    if isinstance(fields, str):
        return fields
    for field in ("digest", "who"):
        if not fields[field]:
            return f"{field} is missing or empty"
    # Cut beyond a digest's length, so that a longer text stays a wrong one.
    digest = fields["digest"][: _DIGEST + 1]
    return Decision(verdict=verdict, door=door, digest=digest, who=fields["who"][:200], comment=fields["comment"])


def read_answer(raw: Any, door: Door) -> Decision | str:  # noqa: ANN401 - it is untrusted
    """As `read_decision`, for doors whose data may name the verdict: none approves, a misspelt one is refused."""
    fields = read_payload(raw, ("digest", "who", "comment", "verdict"))
    if isinstance(fields, str):
        return fields
    named = fields.pop("verdict") or Verdict.APPROVE
    if named not in list(Verdict):
        return f"verdict is {named[:40]!r}, not one of {', '.join(Verdict)}"
    return read_decision(fields, Verdict(named), door)


def judge(request: Request | None, decision: Decision, now: AwareDatetime, earlier: Decision | None) -> Answer:
    """Does this decision count? The deadline is checked here, where the decision is taken, not by the timer alone."""
    refusal = _refusal(request, decision, now, earlier)
    if refusal is not None:
        return Answer(accepted=False, reason=f"refused: {refusal}")
    return Answer(accepted=True, reason=f"accepted: {decision.verdict} by {decision.who}")


def _refusal(request: Request | None, decision: Decision, now: AwareDatetime, earlier: Decision | None) -> str | None:
    if request is None:
        return "no plan is waiting for a decision"
    if decision.digest != request.digest and not _is_prefix(decision.digest, request.digest):
        return f"digest {decision.digest[:8]} is not {request.digest[:8]}, the plan that is waiting"
    if earlier is not None:
        return f"already decided: {earlier.verdict} by {earlier.who}"
    if now >= request.deadline:
        return f"the deadline passed at {request.deadline:%H:%M:%S} UTC"
    if not request.approvers:
        return "the policy lists no approvers, so nobody can decide"
    if decision.who not in request.approvers:
        return f"{decision.who!r} is not an approver"
    if not decision.proven and not request.claimed_identity_up_to.at_least(request.risk):
        return f"this door proves no identity, and risk {request.risk} needs a proven one"
    return None


def _is_prefix(given: str, digest: str) -> bool:
    """People copy the first 8 characters that every surface shows; shorter does not name a plan."""
    return len(given) >= _SHORT_DIGEST and digest.startswith(given)
