"""Folding what a clock has said again and again: an incident that is open for weeks must stay small."""

from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from typing import TypeVar

from domain.escalation import Clock, Told

_KEPT = 10
One = TypeVar("One")


def folded(clock: Clock, kept: int = _KEPT) -> Clock:
    """The clock with the first and the last `kept` of each word, reason and acknowledgement that it repeats.

    It says the same from here on as the whole one would: the rules ask whether something was said, and when last.
    """
    raised = _ends(clock.raised, lambda one: (one.reason, clock.answered(one)), kept)
    return clock.model_copy(update={
        "told": _ends(clock.told, _words, kept), "raised": raised, "void": _ends(clock.void, lambda _: None, kept),
    })  # fmt: skip


def _ends(all_of_them: Sequence[One], alike: Callable[[One], Hashable], kept: int) -> tuple[One, ...]:
    """Without those that have `kept` others like them on either side."""
    names = [alike(one) for one in all_of_them]
    counts, seen = Counter(names), Counter[Hashable]()
    remaining: list[One] = []
    for one, name in zip(all_of_them, names, strict=True):
        seen[name] += 1
        if not kept < seen[name] <= counts[name] - kept:
            remaining.append(one)
    return tuple(remaining)


def _words(told: Told) -> Hashable:
    """All that two messages can differ in, but for their time."""
    return (told.tier, told.reasons, told.awaits, told.severity, told.again)
