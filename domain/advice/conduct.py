"""How a consultation goes on: the next call, or why there is none. Pure; every bound gives its reason."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from pydantic import AwareDatetime

from domain.advice.looks import Look
from domain.advice.talk import Usage
from domain.advice.terms import Terms
from domain.model import Model

MOST_AT_ONCE = 4
"""Looks that one answer may ask for."""
_LEAST_S = 3.0
"""With less time than this no call is begun: it would be paid for, and cut off."""
_ANSWER_S = 10.0
"""Kept for the answer after a look. A good one takes a few seconds."""
_LOOK_S = 5.0
"""With less time than this nothing is looked at: most sources answer sooner, and a slow one would not."""


class Course(Model):
    """How far a consultation has come. `looked`: what it was shown, in order. `repeats`: what it asked for again."""

    began_at: AwareDatetime
    calls: tuple[Usage, ...] = ()
    looked: tuple[Look, ...] = ()
    repeats: int = 0

    @property
    def tokens(self) -> int:
        return sum(call.tokens for call in self.calls)


class Step(Model):
    """A call that may be made within `seconds`. `last`: it has to answer now, and may look at nothing more."""

    seconds: float
    last: bool


def next_step(course: Course, terms: Terms, now: datetime) -> Step | str:
    """The next call, or the sentence that says why there is none."""
    left = _left(course, terms, now)
    if len(course.calls) >= terms.steps:
        return f"it had no answer after {terms.steps} calls"
    if course.tokens >= terms.tokens:
        return f"it had no answer after {course.tokens:,} tokens, {terms.tokens:,} are allowed"
    if left < _LEAST_S:
        return f"it had no answer within {terms.within_s:g} s"
    return Step(seconds=left, last=_is_last(course, terms, left))


def look_seconds(course: Course, terms: Terms, now: datetime) -> float | None:
    """How long a look may take now, so that there is time for the answer after it; None: there is no time to look."""
    left = _left(course, terms, now) - _ANSWER_S
    return left if left >= _LOOK_S else None


def _left(course: Course, terms: Terms, now: datetime) -> float:
    """Seconds of its time, less than none when it is over."""
    return (course.began_at + timedelta(seconds=terms.within_s) - now).total_seconds()


def _is_last(course: Course, terms: Terms, left: float) -> bool:
    """Is this the last call that its bounds leave? One more like the largest so far must fit into its tokens, and a
    look with the answer to it into its time, with as much again for this call.
    """
    largest = max((call.tokens for call in course.calls), default=0)
    return (
        len(course.calls) + 1 == terms.steps
        or left < 2 * _ANSWER_S + _LOOK_S
        or len(course.looked) >= terms.looks
        or course.repeats > 1
        or course.tokens + 2 * largest >= terms.tokens
    )


def may_look(wanted: Sequence[Look | str], course: Course, terms: Terms) -> tuple[tuple[Look | str, ...], Course]:
    """Of what one answer asks for, what is looked at; in its place a sentence where it is not. And the course then."""
    allowed: list[Look | str] = []
    looked, repeats = list(course.looked), course.repeats
    for number, look in enumerate(wanted):
        if isinstance(look, str):
            allowed.append(f"not done: {look}")
        elif look in looked:
            repeats += 1
            allowed.append("not done: you have seen this already")
        elif number >= MOST_AT_ONCE or len(looked) >= terms.looks:
            allowed.append("not done: no more looks are allowed, answer with what you have")
        else:
            looked.append(look)
            allowed.append(look)
    return tuple(allowed), course.model_copy(update={"looked": tuple(looked), "repeats": repeats})
