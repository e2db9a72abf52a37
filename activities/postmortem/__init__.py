"""Writing an incident up: measured facts, their text, and nothing that was made up."""

from activities.postmortem.activity import PostmortemActivities

__all__ = ["PostmortemActivities"]
