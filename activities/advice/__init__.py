"""A language model is asked what it makes of the findings: one call, one activity."""

from activities.advice.activity import AdviceActivities
from activities.advice.asked import Ask, Said, Shown, Turn

__all__ = ["AdviceActivities", "Ask", "Said", "Shown", "Turn"]
