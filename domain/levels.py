"""Ordered levels: severity of an incident, risk of an action."""

from enum import StrEnum


class _Ordered(StrEnum):
    """A level that compares by its place in the declaration, lowest first."""

    @property
    def rank(self) -> int:
        return list(type(self)).index(self)

    def at_least(self, other: "_Ordered") -> bool:
        return self.rank >= other.rank


class Severity(_Ordered):
    """How bad an incident is for users; decides who is told, how fast, and how often we may try."""

    LOW = "LOW"
    MEDIUM = "MEDIUM"
    HIGH = "HIGH"
    CRITICAL = "CRITICAL"


class Risk(_Ordered):
    """What an action can break. OBSERVE is the level of an installation that only looks."""

    OBSERVE = "OBSERVE"
    LOW = "LOW"
    MEDIUM = "MEDIUM"
    HIGH = "HIGH"
