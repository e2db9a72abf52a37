"""What the templates of an incident's page are given, for one visitor."""

from datetime import datetime
from typing import Any

from domain.finding import Category
from domain.names import names_out
from starter.console import card, evidence
from starter.console.seeing import Seen
from starter.identity.sending import Reply
from starter.identity.visitors import Visitor

CATEGORIES = tuple(category for category in Category if category is not Category.UNKNOWN)


def facts_of(
    seen: Seen, visitor: Visitor | None, now: datetime, *, doors: bool, step: str = "", reply: Reply | None = None
) -> dict[str, Any]:
    """`doors`: does this installation know people? `step`: what the visitor is about to say; `reply`: what they got."""
    shown, view = seen.shown, seen.shown.view
    asked = card.card_of(view, visitor, now, can_decide=shown.can_decide, doors=doors, track=seen.track)
    return {
        "view": view, "banners": shown.banners, "can_decide": shown.can_decide, "audit": shown.audit,
        "panes": evidence.panes(view), "similar": evidence.similar(view), "feedback": seen.feedback,
        "causes": evidence.causes(view), "charted": evidence.charted(view), "planned": evidence.planned(view, now),
        "candidates": evidence.candidates(view), "visitor": visitor, "doors": doors, "card": asked,
        "record": card.record_of(view), "step": card.step_of(view, step, visitor), "step_words": card.STEP_WORDS,
        "why_needed": card.WHY_NEEDED, "separable": [(names_out([name]), name) for name in card.separable(view)],
        "categories": CATEGORIES, "limits": card.limits, "identity_line": card.identity_line, "reply": reply,
        "reply_heading": card.heading(reply) if reply is not None else "", "at_once": False,
    }  # fmt: skip
