"""Messages as an incident sends them, composed by the real composer from a view."""

from typing import Any

from activities.messages import compose
from domain.approval import Request
from domain.escalation import Reason, Told
from domain.incident import State
from domain.levels import Risk
from domain.message import Message, Moment
from domain.plan import Action
from domain.view import IncidentView
from tests.incidents import NOON, a_view, minutes

INCIDENT = "INC-20260131-000001"
DIGEST = "3f9a12c7" + "0" * 56
WAITING = Request(
    digest=DIGEST, action=Action.ROLLBACK_DEPLOYMENT, risk=Risk.HIGH, asked_at=NOON, deadline=NOON + minutes(5),
    sentence="Roll back deployment/orders in shop from revision 41 to 40.", undo="roll forward",
    reason="risk HIGH is above the limit MEDIUM", approvers=("ana", "mia"), claimed_identity_up_to=Risk.HIGH,
)  # fmt: skip


def told(*reasons: Reason, tier: int = 1, awaits: bool = True) -> Told:
    return Told(at=NOON, tier=tier, reasons=reasons or (Reason.CRITICAL,), awaits=awaits)


def a_message(number: int = 1, **facts: Any) -> Message:
    """`told`, `moment`, `root`, `news`, and whatever is different about the view."""
    how = {name: facts.pop(name) for name in ("moment", "root", "news") if name in facts}
    by_clock = facts.pop("told", told() if "moment" not in how else None)
    return compose(
        a_view(page_url="https://night.example.com/incidents/1", **facts), by_clock, number, page=False, **how
    )


def approval(number: int = 2, root: str | None = None, **facts: Any) -> Message:
    """The clock asks for a decision."""
    asked = told(Reason.APPROVAL_NEEDED)
    waits: dict[str, Any] = {"waiting": WAITING, "state": State.WAITING_FOR_APPROVAL, **facts}
    return a_message(number, told=asked, moment=Moment.APPROVAL, root=root, **waits)


def later(view: IncidentView | None = None, by: float = 1) -> dict[str, Any]:
    """A view that is newer by so many minutes."""
    return {"updated_at": (view.updated_at if view else NOON) + minutes(by)}
