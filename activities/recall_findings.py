"""Findings from memory: incidents that looked alike, what caused them, and what held."""

from analysis.bits import clipped
from domain.finding import Category, Finding, Presence, Source, Window
from domain.incident import Outcome
from domain.memory import Similar
from domain.question import Question

LIMIT = 5
ALIKE_FROM = 0.75
"""From this likeness on a past incident is a hint, up to two bits for an identical one.

Measured with the hashing embedder on the shop's stories: a repeat has 0.88 to 1.0 (0.65 where two sources were away),
another cause at the same services 0.49 to 0.71, an incident with nothing in common 0.1 to 0.35.
"""
WORTH_SAYING_FROM = 0.45
"""Less alike than this is not told: everything is a little like everything."""
_MOST_BITS = 2.0
_LONGEST_QUERY = 500


def findings_of(similar: tuple[Similar, ...], question: Question, symptoms: str) -> list[Finding]:
    """One finding for each that is alike, or else for the nearest; where there is none, that is said, and speaks
    neither for nor against anything.
    """
    window = Window(start=question.onset, end=max(question.now, question.onset))
    worth = [s for s in similar if s.score >= WORTH_SAYING_FROM]
    close = [s for s in worth if s.score >= ALIKE_FROM]
    if not worth:
        nothing = Finding(
            source=Source.MEMORY, presence=Presence.ABSENT, kind="no_similar_incident",
            title="no incident like this one is remembered", window=window, query=symptoms[:_LONGEST_QUERY],
        )  # fmt: skip
        return [nothing]
    return [_of_similar(s, question, window, symptoms) for s in close or worth[:1]]


def _of_similar(s: Similar, question: Question, window: Window, symptoms: str) -> Finding:
    past = s.remembered
    what_held = ", ".join(f"{action} {'held' if held else 'did not hold'}" for action, held in past.actions)
    return Finding(
        source=Source.MEMORY, kind="similar_incident", service=past.service,
        title=_title(s, what_held or "no action by the machine"),
        strength=_strength(s, question), value=s.score, unit="similarity",
        categories=_speaks_for(s, question),
        facts={
            "incident": past.incident, "cause": past.cause, "category": past.category.value, "why": s.why,
            "outcome": past.outcome.value, "actions": what_held or "none",
        },
        window=window, query=symptoms[:_LONGEST_QUERY],
    )  # fmt: skip


def _title(s: Similar, what_held: str) -> str:
    past, day = s.remembered, f"{s.remembered.opened_at:%Y-%m-%d}"
    if s.score < ALIKE_FROM:
        return f"most alike is {past.incident} on {day} ({s.score:.2f}), which is not close: {past.cause}; {what_held}"
    return f"{past.incident} on {day} looked alike ({s.score:.2f}): {past.cause}; {what_held}"


def _strength(s: Similar, question: Question) -> float:
    likeness = clipped((s.score - ALIKE_FROM) / (1 - ALIKE_FROM))
    return _MOST_BITS * likeness if _speaks_for(s, question) else 0.0


def _speaks_for(s: Similar, question: Question) -> dict[Category, float]:
    """Its cause, where it looked alike, concerned one of our services, was found, and was real."""
    past = s.remembered
    if s.score < ALIKE_FROM:
        return {}
    known = past.category is not Category.UNKNOWN and past.outcome is not Outcome.FALSE_POSITIVE
    return {past.category: 1.0} if known and past.service in question.services else {}
