"""Folding what a clock has said again and again: an incident that is open for weeks must stay small."""

from collections import Counter

from domain.escalation import Clock, Reason, Told

REPEATED = frozenset({Reason.REMINDER, Reason.NOT_ACKNOWLEDGED})
"""What is said anew, in the same words, until somebody does something."""
_KEPT = 10


def folded(clock: Clock, kept: int = _KEPT) -> Clock:
    """The clock with the first and the last `kept` of each word that it repeated.

    It says the same from here on as the whole one would: the rules ask whether something was said, and when last.
    """
    if len(clock.told) <= 2 * kept:
        return clock
    all_of_them, seen = Counter(_words(told) for told in clock.told), Counter[_Words]()
    remaining: list[Told] = []
    for told in clock.told:
        words = _words(told)
        seen[words] += 1
        in_the_middle = kept < seen[words] <= all_of_them[words] - kept
        if not in_the_middle or not (told.repeats or REPEATED.issuperset(told.reasons)):
            remaining.append(told)
    return clock.model_copy(update={"told": tuple(remaining)})


_Words = tuple[object, ...]


def _words(told: Told) -> _Words:
    """All that two messages can differ in, but for their time."""
    return (told.tier, told.reasons, told.awaits, told.severity, told.again)
