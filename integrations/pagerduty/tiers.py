"""What belongs to an escalation tier, where not every tier has something of its own."""

from collections.abc import Mapping
from typing import TypeVar

T = TypeVar("T")


def for_tier(known: Mapping[int, T], tier: int) -> T | None:
    """The tier's own; else the next higher one's (1 is the highest), else the next lower one's. None: there is none."""
    order = sorted(known, key=lambda one: (one > tier, abs(one - tier)))
    return known[order[0]] if order else None
