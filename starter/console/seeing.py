"""All that the page of an incident shows, read together: the incident, how its action has fared, what people said."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from domain.feedback import Feedback
from domain.track import MOST, Track, track
from integrations.ports import FeedbackStore, IncidentStore, PortError
from starter.console.card import waiting_plan
from starter.reading import Reader, Shown


@dataclass(frozen=True)
class Seen:
    """`track` None: no plan waits, or nobody can tell how the action has fared."""

    shown: Shown
    track: Track | None = None
    feedback: Sequence[Feedback] = ()


class Seeing:
    """Reads it. What the store cannot say while it is away is left out, which the page says anyway."""

    def __init__(self, reader: Reader, incidents: IncidentStore, feedback: FeedbackStore) -> None:
        self._reader = reader
        self._incidents = incidents
        self._feedback = feedback

    async def look(self, incident: str) -> Seen | None:
        """The incident as it stands; None: nobody knows it. Raises NothingAnswers."""
        shown = await self._reader.one(incident)
        if shown is None or shown.audit is None:
            return None if shown is None else Seen(shown)
        try:
            return await asyncio.to_thread(self._more, shown)
        except PortError:
            return Seen(shown)

    def _more(self, shown: Shown) -> Seen:
        plan = waiting_plan(shown.view)
        fared = track(self._incidents.attempts(plan.action, plan.target, MOST)) if plan is not None else None
        return Seen(shown, fared, tuple(self._feedback.of(shown.view.incident)))
