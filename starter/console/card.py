"""The approval card, arranged: what would be done, what it changes, who may decide, and what the next tap does."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from domain.approval import Decision, Request, Verdict
from domain.change import Knob
from domain.command import CommandName
from domain.finding import Finding
from domain.identity import group_key
from domain.model import Model
from domain.plan import Action, Plan
from domain.timeline import Entry, Kind
from domain.track import Track
from domain.view import IncidentView
from starter.identity.sending import Reply
from starter.identity.visitors import Known, Visitor

_ACTS = {
    Action.KILL_CONNECTIONS: ("ending sessions", "end these sessions"),
    Action.ROLLBACK_DEPLOYMENT: ("rollback", "roll back {service}"),
    Action.ROLL_FORWARD: ("roll forward", "roll {service} forward"),
    Action.RESTART_SERVICE: ("restart", "restart {service}"),
}
_OF_AN_ATTEMPT = frozenset({Kind.GATE, Kind.PLAN, Kind.ACTION, Kind.VERIFICATION})


class Step(StrEnum):
    """The second step of a tap: what a person is about to say. The first changes nothing."""

    APPROVE = "approve"
    REJECT = "reject"
    CHANGE = "change"
    EXTEND = "extend"
    TAKE = "take"
    RESOLVE = "resolve"
    FALSE_POSITIVE = "false_positive"
    NOTE = "note"
    MERGE = "merge"
    SPLIT = "split"

    @property
    def on_a_plan(self) -> bool:
        return self.value in list(Verdict)


class Row(Model):
    """One value before and after. `sign` is + or -, since colour alone says nothing to some."""

    sign: str
    text: str


class Card(Model):
    """The plan that waits, for one visitor. `why_not` says why there are no buttons, None: there are.

    `rows` are of when it was planned, read at `seen_at`. `track`: how this action has fared here, None: not known.
    `callers`: the services that are served by way of the one that the plan touches.
    `act` and `sure` are the words on the buttons of both steps.
    """

    request: Request
    plan: Plan | None
    rows: tuple[Row, ...]
    seen_at: datetime | None
    track: Track | None
    callers: tuple[str, ...]
    why_not: str | None
    may: str
    act: str
    sure: str


class Record(Model):
    """What was decided last, and what came of it since."""

    decision: Decision
    verdict: str
    proven: str
    steps: tuple[Entry, ...]


def card_of(
    view: IncidentView, visitor: Visitor | None, now: datetime, *, can_decide: bool, doors: bool,
    track: Track | None = None,
) -> Card | None:  # fmt: skip
    """The card, None when nothing waits. `doors`: does this installation know people at all?"""
    request = view.waiting
    if request is None:
        return None
    plan = waiting_plan(view)
    act, sure = _ACTS[request.action]
    seen = _read(view, plan)
    return Card(
        request=request, plan=plan, rows=tuple(_rows(request, plan, seen)),
        seen_at=seen.window.end if seen is not None else None, track=track, callers=_callers(view, plan),
        why_not=_why_not(request, visitor, now, can_decide=can_decide, doors=doors),
        may=" or ".join(request.approvers) or "nobody: the policy lists no approver of this risk",
        act=act, sure=sure.format(service=plan.service if plan is not None else view.service),
    )  # fmt: skip


def _callers(view: IncidentView, plan: Plan | None) -> tuple[str, ...]:
    graph = view.diagnosis.graph if view.diagnosis is not None else None
    return graph.callers_of(plan.service) if graph is not None and plan is not None else ()


def waiting_plan(view: IncidentView) -> Plan | None:
    """The plan that waits; None where nothing does."""
    request = view.waiting
    if request is None:
        return None
    return request.plan or next((a.plan for a in view.attempts if a.plan.digest == request.digest), None)


def _why_not(request: Request, visitor: Visitor | None, now: datetime, *, can_decide: bool, doors: bool) -> str | None:
    if not can_decide:
        return "Decisions cannot be recorded now: Temporal does not answer."
    if now >= request.deadline:
        return "The time for a decision has passed. People are called."
    if not doors:
        return "Nobody can log in here: this installation has no NIGHTSHIFT_PEOPLE."
    if visitor is None:
        return "You are not logged in."
    if visitor.person.name not in request.approvers:
        return f"You are {visitor.person.name}, who may not decide on a plan of risk {request.risk}."
    return None


def identity_line(visitor: Visitor) -> str:
    """As whom a word would be recorded."""
    mail = f" ({visitor.person.email})" if visitor.person.email else ""
    how = "by login" if visitor.known is Known.SESSION else "by your proxy"
    return f"You decide as {visitor.person.name}{mail}, known {how}. This is recorded."


def _read(view: IncidentView, plan: Plan | None) -> Finding | None:
    """The finding that saw the target as it is."""
    if plan is None:
        return None
    seen = [f for f in view.findings if f.facts.get("target") == plan.target and f.value is not None]
    return max(seen, key=lambda f: f.strength, default=None)


def _rows(request: Request, plan: Plan | None, seen: Finding | None) -> Sequence[Row]:
    """Only what changes."""
    if plan is None:
        return ()
    values = plan.parameters
    match request.action:
        case Action.KILL_CONNECTIONS:
            before = seen.title if seen is not None else f"idle sessions of {values.get('application', '')}"
            after = f"at most {values.get('cap')} of them are ended; the application may connect again"
            return (Row(sign="-", text=before), Row(sign="+", text=after))
        case Action.ROLLBACK_DEPLOYMENT | Action.ROLL_FORWARD:
            pairs = (("revision", "from_revision", "revision"), ("image", "from_image", "image"))
            return tuple(
                Row(sign=sign, text=f"{label} {values[name]}")
                for label, old, new in pairs
                if old in values and new in values
                for sign, name in (("-", old), ("+", new))
            )
        case Action.RESTART_SERVICE:
            return (Row(sign="-", text="the pods that run now"), Row(sign="+", text="new pods of the same release"))


def record_of(view: IncidentView) -> Record | None:
    """The last decision with its steps; None while another plan waits, or when nobody decided."""
    if view.waiting is not None or not view.decisions:
        return None
    decision = view.decisions[-1]
    since = decision.at
    steps = tuple(e for e in view.timeline if e.kind in _OF_AN_ATTEMPT and since is not None and e.at >= since)
    proven = "proven" if decision.proven else "claimed: this door proves no identity"
    return Record(decision=decision, verdict=decision.verdict.words, proven=proven, steps=steps[-12:])


def step_of(view: IncidentView, step: str, visitor: Visitor | None) -> Step | None:
    """The step that was asked for, if it can be taken now."""
    if visitor is None or view.state.closed or step not in list(Step):
        return None
    found = Step(step)
    if found is Step.EXTEND and (view.waiting is None or view.waiting.extends_to is None):
        return None
    if found is Step.SPLIT and not separable(view):
        return None
    return found if not found.on_a_plan or view.waiting is not None else None


def limits(knob: Knob) -> str:
    """Between which values, for a form."""
    return f"{knob.range_words} {knob.unit}".rstrip()


def heading(reply: Reply) -> str:
    """The first words of an answer."""
    said = {
        "accepted": "Recorded", "refused": "Not accepted", "unheard": "Nothing was recorded",
        "unanswered": "No answer, yet",
    }  # fmt: skip
    return said[reply.became]


STEP_WORDS = {
    CommandName.TAKE: ("Take over", "Yes, I take it", "The machine goes on observing, and acts no more."),
    CommandName.RESOLVE: ("It is fixed", "Yes, it is fixed", "The incident is closed as resolved by a person."),
    CommandName.FALSE_POSITIVE: (
        "False positive", "Yes, nothing was wrong", "The incident is closed, and the same alert opens none for 15 min.",
    ),
    CommandName.MERGE: (
        "Merge into another", "Merge it", "This one ends, and the other goes on with its alerts. Both say who and why.",
    ),
    CommandName.SPLIT: (
        "Split off a service", "Split it off",
        "It leaves with all its alerts, as an incident of its own. No machine merges the two again.",
    ),
    CommandName.NOTE: ("Add a note", "Add it", "It stands in the timeline under your name, and changes nothing."),
}  # fmt: skip
WHY_NEEDED = frozenset({Step.REJECT, Step.CHANGE, Step.MERGE, Step.SPLIT})


def separable(view: IncidentView) -> tuple[str, ...]:
    """The services that can be split off: those whose alerts came to this incident by a merge."""
    keys = {anomaly.service: group_key(anomaly) for anomaly in view.anomalies}
    return tuple(service for service, key in keys.items() if key != view.key)
