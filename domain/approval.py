"""Approval: what a person may answer, and when an answer counts. Pure, so that it is tested without a server."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self

from pydantic import AwareDatetime

from domain.change import FIELDS, Change, Knob, objection, read_change
from domain.command import SEALED, read_door, read_payload
from domain.doors import Door
from domain.levels import Risk
from domain.model import Model
from domain.plan import Action, Plan
from domain.proof import Seal, Word

SHORT_DIGEST = 8
_DIGEST = 64
_ASKED = ("digest", "who", "comment")


class Verdict(StrEnum):
    """CHANGE is a refusal too: it asks for another plan, within bounds. EXTEND decides nothing: it asks for time."""

    APPROVE = "approve"
    REJECT = "reject"
    CHANGE = "change"
    EXTEND = "extend"

    @property
    def words(self) -> str:
        """What somebody did who said so."""
        said = {
            Verdict.APPROVE: "approved", Verdict.REJECT: "rejected", Verdict.CHANGE: "asked for a change",
            Verdict.EXTEND: "moved the deadline",
        }  # fmt: skip
        return said[self]


class Decision(Model):
    """A person's answer. `who` is a claim unless `proven`: then the `seal` that came with it was found genuine.

    `at`: when it counted; `asked_at`: when the question came up that it answers.
    """

    verdict: Verdict
    digest: str
    who: str
    comment: str = ""
    door: Door
    proven: bool = False
    seal: Seal | None = None
    change: Change | None = None
    at: AwareDatetime | None = None
    asked_at: AwareDatetime | None = None

    @property
    def actor(self) -> str:
        """Who, as records keep it: a claim is called one."""
        return self.who if self.proven else f"{self.who} (claimed)"

    def word(self, incident: str) -> Word:
        """What a seal of it covers."""
        return Word(
            incident=incident, said=self.verdict, who=self.who, door=self.door, digest=self.digest,
            comment=self.comment, change=self.change,
        )  # fmt: skip

    def names(self, digest: str) -> bool:
        """Is it about the plan of this digest? People copy the first 8 characters that every surface shows; fewer do
        not name a plan.
        """
        return len(self.digest) >= SHORT_DIGEST and digest.startswith(self.digest)


class Request(Model):
    """A plan that waits for a person. The deadline is exclusive: at that instant it is too late.

    `approvers`: who may decide on a plan of this risk. `knobs`: what may be asked for otherwise, and within which
    bounds. `extends_to`: where an approver may move the deadline, once; None: nowhere. `extended_by`: who did.
    """

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
    plan: Plan | None = None
    knobs: tuple[Knob, ...] = ()
    extends_to: AwareDatetime | None = None
    extended_by: str = ""

    def extended(self, who: str) -> Self:
        """With the deadline where it may be moved; that was the one time."""
        moved = {"deadline": self.extends_to or self.deadline, "extends_to": None, "extended_by": who}
        return self.model_copy(update=moved)


class Answer(Model):
    """What became of a decision, in words for the person who sent it. `unproven`: its proof was not believed."""

    accepted: bool
    reason: str
    unproven: bool = False


def read_decision(raw: Any, verdict: Verdict, door: Door) -> Decision | str:  # noqa: ANN401 - it is untrusted
    """The decision in an untrusted payload, or the sentence that says what is wrong with it.

    Accepts {"digest", "who", "comment"} as an object or as JSON text; anything else is answered, never raised. A
    change has its values beside them, a word of a door that knows people its proof (by update only).
    """
    also = (*(FIELDS if verdict is Verdict.CHANGE else ()), *(SEALED if door is Door.UPDATE else ()))
    fields = read_payload(raw, _ASKED, also)
    if isinstance(fields, str):
        return fields
    for field in ("digest", "who"):
        if not fields[field]:
            return f"{field} is missing or empty"
    through, change = read_door(fields, door), read_change(fields)
    if isinstance(through, str):
        return through
    if isinstance(change, str):
        return change
    # Cut beyond a digest's length, so that a longer text stays a wrong one.
    digest = fields["digest"][: _DIGEST + 1]
    return Decision(
        verdict=verdict, digest=digest, who=fields["who"][:200], comment=fields["comment"],
        door=through[0], seal=through[1], change=change,
    )  # fmt: skip


def read_answer(raw: Any, door: Door) -> Decision | str:  # noqa: ANN401 - it is untrusted
    """As `read_decision`, for doors whose data may name the verdict: none approves, a misspelt one is refused."""
    fields = read_payload(raw, (*_ASKED, "verdict"), (*FIELDS, *SEALED))
    if isinstance(fields, str):
        return fields
    named = fields.pop("verdict") or Verdict.APPROVE
    if named not in list(Verdict):
        return f"verdict is {named[:40]!r}, not one of {', '.join(Verdict)}"
    verdict = Verdict(named)
    asked = [name for name in FIELDS if fields[name]]
    if asked and verdict is not Verdict.CHANGE:
        return f"{', '.join(asked)} goes with the verdict change, this is {verdict}"
    return read_decision({name: text for name, text in fields.items() if text or name in _ASKED}, verdict, door)


@dataclass
class Docket:
    """The plan that is before people, and the one decision that counts. Whatever comes in is answered."""

    asked: Request | None = None
    decided: Decision | None = None

    def put(self, request: Request) -> None:
        """Another plan is before people; what was decided on an earlier one is past."""
        self.asked, self.decided = request, None

    def withdraw(self) -> None:
        """There is nothing to decide any more, and whoever answers now is told so."""
        self.asked = None

    def hear(self, decision: Decision, now: AwareDatetime) -> Answer:
        """Judge a decision; the first that counts decides. More time decides nothing."""
        answer = judge(self.asked, decision, now, self.decided)
        if answer.accepted and self.asked is not None:
            if decision.verdict is Verdict.EXTEND:
                self.asked = self.asked.extended(decision.actor)
            else:
                self.decided = decision.model_copy(update={"at": now, "asked_at": self.asked.asked_at})
        return answer


def judge(request: Request | None, decision: Decision, now: AwareDatetime, earlier: Decision | None) -> Answer:
    """Does this decision count? The deadline is checked here, where the decision is taken, not by the timer alone."""
    refusal = _refusal(request, decision, now, earlier)
    if refusal is not None:
        return Answer(accepted=False, reason=f"refused: {refusal}")
    asked = f": {decision.change.words}" if decision.change is not None else ""
    if decision.verdict is Verdict.EXTEND and request is not None:
        asked = f": the deadline is {request.extends_to:%H:%M:%S} UTC now"
    return Answer(accepted=True, reason=f"accepted: {decision.verdict} by {decision.actor}{asked}")


def _refusal(request: Request | None, decision: Decision, now: AwareDatetime, earlier: Decision | None) -> str | None:
    if request is None:
        return "no plan is waiting for a decision"
    if not decision.names(request.digest):
        return f"digest {decision.digest[:8]} is not {request.digest[:8]}, the plan that is waiting"
    if earlier is not None:
        at = f" at {earlier.at:%H:%M:%S} UTC" if earlier.at is not None else ""
        return f"already decided: {earlier.verdict} by {earlier.actor}{at}"
    if now >= request.deadline:
        return f"the deadline passed at {request.deadline:%H:%M:%S} UTC"
    if not request.approvers:
        return "the policy lists no approvers, so nobody can decide"
    if decision.who not in request.approvers:
        return f"{decision.who!r} is not an approver of risk {request.risk}"
    if not decision.proven and not request.claimed_identity_up_to.at_least(request.risk):
        return f"this door proves no identity, and risk {request.risk} needs a proven one"
    return _against_wish(request, decision)


def _against_wish(request: Request, decision: Decision) -> str | None:
    """What speaks against another plan, or more time; a yes and a no are always possible."""
    if decision.verdict is Verdict.CHANGE:
        return objection(decision.change, request.knobs)
    if decision.verdict is not Verdict.EXTEND:
        return None
    if request.extended_by:
        return f"{request.extended_by} has moved the deadline already, to {request.deadline:%H:%M:%S} UTC"
    if request.extends_to is None:
        return "there is no more time: the policy gives none, or three quarters of the MTTR target are used then"
    return None
