"""What people's words on false positives do to the thresholds of our own detection: bounded, listed, taken back.

Pure and without a clock. Words are a set: in whatever order they come, and however often, they come to the same.
"""

from collections.abc import Iterable, Sequence
from enum import StrEnum

from pydantic import AwareDatetime, Field

from domain.detection import SOURCE
from domain.doors import Door
from domain.feedback import Feedback
from domain.incident import Outcome
from domain.model import Model
from domain.sign import STRANGE
from domain.timeline import Kind
from domain.view import IncidentView

STEP = 1.25
"""What one incident that was marked does to the threshold. In the forecast's unit it is a quarter more deviation; to
the streaming detector, whose sigma grows with the logarithm, twice the novelty."""
MOST = 2.0
"""Whatever is marked: 6 sigma, above which a deviation is HIGH and speaks for itself (domain.severity.SIGMA_STEPS)."""


_NAMED = 3


class WordKind(StrEnum):
    """RAISED: an incident of the series was marked; WITHDRAWN: the mark was corrected; RESET: begin anew."""

    RAISED = "raised"
    WITHDRAWN = "withdrawn"
    RESET = "reset"


class ThresholdWord(Model):
    """One person's word on one series. `incident` is why; a reset has none. `who` says so where it is a claim."""

    series: str
    service: str
    expression: str
    kind: WordKind
    incident: str = ""
    at: AwareDatetime
    who: str = Field(min_length=1, max_length=300)
    door: Door | None = None
    comment: str = Field(default="", max_length=2_000)


class Raised(Model):
    """A threshold that is raised now, in sigma, and the words that hold: one for each incident, by time."""

    series: str
    service: str
    expression: str
    factor: float
    threshold: float
    because: tuple[ThresholdWord, ...]

    @property
    def reason(self) -> str:
        """Why, in words."""
        marks = ", ".join(f"{word.incident} by {word.who} at {word.at:%Y-%m-%d %H:%M} UTC" for word in self.because)
        most = ", which is the most" if self.factor >= MOST else ""
        return f"{self.threshold:.2f} sigma ({STRANGE:g} times {self.factor:.2f}{most}): marked false positive: {marks}"


def words_of(view: IncidentView, said: Sequence[Feedback]) -> tuple[ThresholdWord, ...]:
    """What is to be kept of an incident, as people judge it now; `said`: all their feedback, by time. The same again
    gives the same words.

    Only one that our own detection opened has any, for each of its own series that was judged in sigma: what another
    system's alert said is its rule's matter, and what is down, or has no samples, knows no threshold. An incident that
    is merged is its survivor's, and one that a mark suppressed has nobody's word.
    """
    marked = _mark(view, said)
    if marked is None or view.outcome is Outcome.MERGED or not _opened_by_us(view):
        return ()
    kind, at, who, door, comment = marked
    return tuple(
        ThresholdWord(
            series=one.fingerprint, service=one.service, expression=one.name, kind=kind, incident=view.incident, at=at,
            who=who, door=door, comment=comment,
        )
        for one in view.anomalies
        if one.source == SOURCE and one.sigma is not None
    )  # fmt: skip


def effect(words: Sequence[ThresholdWord]) -> str:
    """What the words of one incident do, for who said them."""
    if not words:
        return ""
    of = ", ".join(dict.fromkeys(f"{word.expression} of {word.service}" for word in words[:_NAMED]))
    more = f" and {len(words) - _NAMED} more" if len(words) > _NAMED else ""
    counts = "counts" if words[0].kind is WordKind.RAISED else "counts no more"
    return f"this incident {counts} towards a higher threshold of {of}{more}"


def _mark(view: IncidentView, said: Sequence[Feedback]) -> tuple[WordKind, AwareDatetime, str, Door | None, str] | None:
    """The last word that counts, whether it was feedback or what closed the incident; None: nobody ever marked it."""
    closed_as_false = view.outcome is Outcome.FALSE_POSITIVE and view.ended_by is not None
    if said:
        last = said[-1]
        if last.false_positive:
            return WordKind.RAISED, last.at, last.actor, last.door, last.comment
        if closed_as_false or any(one.false_positive for one in said):
            return WordKind.WITHDRAWN, last.at, last.actor, last.door, f"{last.words}: {last.comment}".rstrip(": ")
        return None
    if closed_as_false and view.closed_at is not None and view.ended_by is not None:
        return WordKind.RAISED, view.closed_at, view.ended_by, None, ""
    return None


def _opened_by_us(view: IncidentView) -> bool:
    """Was the first that came in ours? The timeline keeps its beginning, however long it gets."""
    first = next((entry for entry in view.timeline if entry.kind is Kind.ALERT), None)
    return first is not None and first.actor == SOURCE


def in_force(words: Iterable[ThresholdWord]) -> dict[str, Raised]:
    """The thresholds that are raised, by series. One incident counts once. A reset uses up all marks before it, for
    good: the same incident marked again, by a retry or a second click, raises nothing.
    """
    by_series: dict[str, list[ThresholdWord]] = {}
    for word in words:
        by_series.setdefault(word.series, []).append(word)
    found = {series: _raised(series, of_it) for series, of_it in by_series.items()}
    return {series: raised for series, raised in found.items() if raised is not None}


def _raised(series: str, words: Sequence[ThresholdWord]) -> Raised | None:
    reset_at = max((word.at for word in words if word.kind is WordKind.RESET), default=None)
    by_incident: dict[str, list[ThresholdWord]] = {}
    for word in words:
        if word.kind is not WordKind.RESET:
            by_incident.setdefault(word.incident, []).append(word)
    because: list[ThresholdWord] = []
    for of_it in by_incident.values():
        used_up = reset_at is not None and any(w.at <= reset_at for w in of_it if w.kind is WordKind.RAISED)
        last = max(of_it, key=lambda word: (word.at, word.kind is WordKind.WITHDRAWN, word.model_dump_json()))
        if last.kind is WordKind.RAISED and not used_up:
            because.append(last)
    if not because:
        return None
    because.sort(key=lambda word: (word.at, word.incident))
    factor = min(STEP ** len(because), MOST)
    return Raised(
        series=series, service=because[-1].service, expression=because[-1].expression, factor=factor,
        threshold=STRANGE * factor, because=tuple(because),
    )  # fmt: skip
