"""A person's word on a diagnosis, from any door: kept, audited, and where the incident is over, learned at once."""

from collections.abc import Sequence
from dataclasses import dataclass

from activities.learning import remembered
from domain.audit import AuditRow
from domain.feedback import Feedback
from domain.incident import Outcome
from domain.thresholds import effect, words_of
from domain.view import IncidentView
from integrations.ports import AuditLog, FeedbackStore, Memory, PortError, ThresholdStore
from starter.identity.sending import Became, Reply

LEARNED = "what is remembered was corrected"


def objection(view: IncidentView, said: Feedback) -> str | None:
    """Why it would mean nothing; None: it means something."""
    if view.merged_into is not None:
        return f"{view.incident} goes on in {view.merged_into}: say it of that one"
    if said.right and (view.diagnosis is None or view.diagnosis.named is None):
        return f"no cause of {view.incident} was named that could be right"
    return None


@dataclass(frozen=True)
class Kept:
    """What came of a word. `learned`: what is remembered was corrected by it. `effect`: what it did to thresholds of
    our own detection, in words, empty where it did nothing.
    """

    learned: bool
    effect: str

    @property
    def words(self) -> str:
        """What came of it, for who said it."""
        then = LEARNED if self.learned else "it is learned when the incident closes"
        return f"{self.effect}; {then}" if self.effect else then


@dataclass(frozen=True)
class Judging:
    """Where feedback goes. All calls block."""

    feedback: FeedbackStore
    audit: AuditLog
    memory: Memory
    thresholds: ThresholdStore

    def keep(self, view: IncidentView, said: Feedback) -> Kept:
        """Record it, and let memory and thresholds follow. The same word again is nothing new.

        What is still open is learned at its end, by the workflow, with what was said of it. Raises PortError.
        """
        known = self.feedback.of(view.incident)
        before = self._of(said.who, known)
        if before is None or not said.repeats(before):
            known = (*known, said)
            self.feedback.add(said)
            self.audit.append(AuditRow(
                key=f"{view.incident}:feedback:{said.at.isoformat()}", incident=view.incident, at=said.at,
                actor=said.actor, door=said.door, action="feedback", result=said.words,
            ))  # fmt: skip
        words = words_of(view, known)
        self.thresholds.add(words)
        learned = view.outcome is not None and view.closed_at is not None and view.outcome is not Outcome.MERGED
        if learned:
            self.memory.remember(remembered(view, said))
        return Kept(learned, effect(words))

    def take(self, view: IncidentView, said: Feedback) -> Reply:
        """As `keep`, in words for who said it."""
        refusal = objection(view, said)
        if refusal is not None:
            return Reply(became=Became.REFUSED, text=f"refused: {refusal}; nothing was recorded")
        try:
            kept = self.keep(view, said)
        except PortError as error:
            return Reply(became=Became.UNHEARD, text=f"{error}; it may not be recorded. Try again")
        return Reply(became=Became.ACCEPTED, text=f"accepted: {said.words}, says {said.who}; {kept.words}")

    def _of(self, who: str, all_said: Sequence[Feedback]) -> Feedback | None:
        """The last word of this person, if nobody spoke after it."""
        last = all_said[-1] if all_said else None
        return last if last is not None and last.who == who else None
