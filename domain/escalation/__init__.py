"""The escalation clock: who is told, when and why. Pure: the workflow sleeps until `next_due` and delivers."""

from domain.escalation.channels import channels, instead
from domain.escalation.clock import Clock, Due, Raised, Told
from domain.escalation.ending import may_give_up
from domain.escalation.reasons import ABOUT_A_PLAN, AT_ONCE, BREAKS_A_SNOOZE, FORESEEN, WORDS, Reason
from domain.escalation.schedule import next_due, schedule, speak_at
from domain.escalation.targets import AT_RISK, decide_by, extend_to, target_at
from domain.escalation.telling import HIGHEST_TIER, tell

__all__ = [
    "ABOUT_A_PLAN", "AT_ONCE", "AT_RISK", "BREAKS_A_SNOOZE", "FORESEEN", "HIGHEST_TIER", "WORDS", "Clock", "Due",
    "Raised", "Reason", "Told", "channels", "decide_by", "extend_to", "instead", "may_give_up", "next_due", "schedule",
    "speak_at", "target_at", "tell",
]  # fmt: skip
