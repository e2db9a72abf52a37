"""Learning: what a closed incident looked like, what it was and what held goes into memory."""

from temporalio import activity

from activities.errors import retry_only_what_helps
from domain.feedback import Feedback
from domain.finding import Category
from domain.incident import Outcome
from domain.memory import Remembered, symptoms_of
from domain.plan import Action
from domain.thresholds import words_of
from domain.view import IncidentView
from integrations.ports import FeedbackStore, Memory, ThresholdStore


class LearningActivities:
    """Writes the knowledge base."""

    def __init__(
        self, memory: Memory, feedback: FeedbackStore | None = None, thresholds: ThresholdStore | None = None
    ) -> None:
        self._memory = memory
        self._feedback = feedback
        self._thresholds = thresholds

    @activity.defn
    @retry_only_what_helps
    def learn(self, view: IncidentView) -> None:
        """Remember a closed incident, however it ended; learning it again replaces what was known.

        What people marked a false positive raises the thresholds of the series of ours that opened it. One that was
        merged is not remembered: its anomalies, and what came of them, are those of its survivor.
        """
        if view.outcome is Outcome.MERGED:
            return
        said = self._feedback.of(view.incident) if self._feedback else ()
        self._memory.remember(remembered(view, said[-1] if said else None))
        if self._thresholds is not None:
            self._thresholds.add(words_of(view, said))


def remembered(view: IncidentView, said: Feedback | None = None) -> Remembered:
    """What is learned of an incident. A cause that nobody was sure of is learned as unknown.

    What a person said of it replaces what the machine thought. Raises ValueError for an incident that is still open:
    how it ends is what there is to learn.
    """
    if view.outcome is None or view.closed_at is None:
        raise ValueError(f"outcome: {view.incident} is {view.state.value!r}, only a closed incident is learned")
    named = view.diagnosis.named if view.diagnosis else None
    machine = Remembered(
        incident=view.incident,
        service=named.service if named else view.service,
        category=named.category if named else Category.UNKNOWN,
        cause=view.cause,
        symptoms=symptoms_of(view.anomalies, view.findings),
        severity=view.severity,
        outcome=view.outcome,
        opened_at=view.opened_at,
        closed_at=view.closed_at,
        actions=_actions(view),
    )
    return machine if said is None else machine.model_copy(update=_corrections(view, said))


def _corrections(view: IncidentView, said: Feedback) -> dict[str, object]:
    if said.false_positive:
        return {"outcome": Outcome.FALSE_POSITIVE}
    if said.category is None:
        return {}
    why = f": {said.comment}" if said.comment else ""
    cause = f"{said.category} at {said.service}, as {said.who} found{why} (the machine had thought: {view.cause})"
    return {"category": said.category, "service": said.service, "cause": cause}


def _actions(view: IncidentView) -> tuple[tuple[Action, bool], ...]:
    """What was executed, and whether it held; where nobody can tell, it is not counted as held."""
    return tuple((a.plan.action, a.held is True) for a in view.attempts if a.executed is not None)
