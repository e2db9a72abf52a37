"""An incident at some of its moments, as templates see it: every template is tried on them when a worker starts."""

from datetime import UTC, datetime, timedelta

from activities.messages import facts
from domain.approval import Request
from domain.escalation import Clock, Reason, Told
from domain.incident import Outcome, State
from domain.levels import Risk, Severity
from domain.message import Moment
from domain.plan import Action
from domain.view import IncidentView, Next

_NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
_OPEN = IncidentView(
    incident="INC-20260131-7F3K2A", key="incident-orders", workflow_run="0", title="orders: fails 31 % of its requests",
    service="orders", services=("orders",), severity=Severity.CRITICAL, severity_reasons=("it is an example",),
    state=State.INVESTIGATING, onset=_NOON, opened_at=_NOON, updated_at=_NOON, sla_due=_NOON + timedelta(minutes=15),
    clock=Clock(detected_at=_NOON, severity=Severity.CRITICAL), next=Next(text="All sources are asked at once."),
    page_url="https://nightshift.example.com/incidents/INC-20260131-7F3K2A",
)  # fmt: skip
_WAITING = Request(
    digest="3f9a12c7" * 8, action=Action.ROLLBACK_DEPLOYMENT, risk=Risk.HIGH, reason="risk HIGH is above MEDIUM",
    sentence="Roll back deployment/orders in shop from revision 41 to 40.", asked_at=_NOON,
    deadline=_NOON + timedelta(minutes=5), approvers=("ana",), claimed_identity_up_to=Risk.HIGH,
)  # fmt: skip


def _told(reason: Reason, *, awaits: bool = True) -> Told:
    return Told(at=_NOON, tier=1, reasons=(reason,), awaits=awaits)


EXAMPLES = (
    facts(_OPEN, _told(Reason.ANNOUNCED, awaits=False), Moment.CALL, ()),
    facts(_OPEN, _told(Reason.CRITICAL), Moment.CALL, ()),
    facts(
        _OPEN.model_copy(update={"waiting": _WAITING, "state": State.WAITING_FOR_APPROVAL}),
        _told(Reason.APPROVAL_NEEDED), Moment.APPROVAL, (),
    ),
    facts(_OPEN, None, Moment.UPDATE, ("orders: nightly-report holds 11 of 12 connections (likely)",)),
    facts(_OPEN.model_copy(update={"state": State.WATCHING, "recovered_at": _NOON}), None, Moment.RECOVERED, ()),
    facts(_OPEN, None, Moment.ACKNOWLEDGED, ()),
    facts(
        _OPEN.model_copy(update={"state": State.RESOLVED, "outcome": Outcome.AUTO_RESOLVED, "closed_at": _NOON}),
        None, Moment.CLOSED, (),
    ),
)  # fmt: skip
