"""Findings from memory: incidents that looked alike, what caused them, and what held."""

from domain.finding import Category, Finding, Presence, Source, Window
from domain.incident import Outcome
from domain.memory import Similar
from domain.question import Question

LIMIT = 5
# From this likeness on a past incident is a hint, up to two bits for an identical one.
_ALIKE_FROM = 0.5
_MOST_BITS = 2.0
_LONGEST_QUERY = 500


def findings_of(similar: tuple[Similar, ...], question: Question, symptoms: str) -> list[Finding]:
    """One finding for each; where there is none, that is said and speaks neither for nor against anything."""
    window = Window(start=question.onset, end=max(question.now, question.onset))
    if not similar:
        nothing = Finding(
            source=Source.MEMORY, presence=Presence.ABSENT, kind="no_similar_incident",
            title="no incident like this one is remembered", window=window, query=symptoms[:_LONGEST_QUERY],
        )  # fmt: skip
        return [nothing]
    return [_of_similar(s, question, window, symptoms) for s in similar]


def _of_similar(s: Similar, question: Question, window: Window, symptoms: str) -> Finding:
    past = s.remembered
    what_held = ", ".join(f"{action} {'held' if held else 'did not hold'}" for action, held in past.actions)
    return Finding(
        source=Source.MEMORY, kind="similar_incident", service=past.service,
        title=f"{past.incident} on {past.opened_at:%Y-%m-%d} looked alike ({s.score:.2f}): {past.cause}; "
        f"{what_held or 'no action by the machine'}",
        strength=_strength(s, question), value=s.score, unit="similarity",
        categories=_speaks_for(s, question),
        facts={
            "incident": past.incident, "cause": past.cause, "category": past.category.value, "why": s.why,
            "outcome": past.outcome.value, "actions": what_held or "none",
        },
        window=window, query=symptoms[:_LONGEST_QUERY],
    )  # fmt: skip


def _strength(s: Similar, question: Question) -> float:
    likeness = min(1.0, max(0.0, (s.score - _ALIKE_FROM) / (1 - _ALIKE_FROM)))
    return _MOST_BITS * likeness if _speaks_for(s, question) else 0.0


def _speaks_for(s: Similar, question: Question) -> dict[Category, float]:
    """Its cause, where it concerned one of our services, was found, and was real."""
    past = s.remembered
    known = past.category is not Category.UNKNOWN and past.outcome is not Outcome.FALSE_POSITIVE
    return {past.category: 1.0} if known and past.service in question.services else {}
