"""Hypothesis judges what the maths says, never how fast this machine says it."""

from hypothesis import settings

settings.register_profile("analysis", deadline=None)
settings.load_profile("analysis")
