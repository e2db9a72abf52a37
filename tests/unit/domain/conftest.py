"""Hypothesis judges what a rule says, never how fast this machine says it."""

from hypothesis import settings

settings.register_profile("domain", deadline=None)
settings.load_profile("domain")
