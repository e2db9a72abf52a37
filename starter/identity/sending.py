"""A word on its way to an incident, and the answer that comes back: in the incident's own words, whatever it is."""

from enum import StrEnum
from typing import Literal, Protocol

from temporalio.client import Client, WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError

from domain.model import Model
from domain.view import IncidentView
from starter.away import NoAnswer, TemporalAway, answered
from starter.live import TemporalIncidents
from workflows.contract import UNPROVEN

# A decision is worth a longer wait than a page.
_LIMIT_S = 15.0
Update = Literal["decide", "person"]


class Became(StrEnum):
    """What became of a word. UNHEARD: it did not arrive; UNANSWERED: nobody can say whether it did."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNHEARD = "unheard"
    UNANSWERED = "unanswered"


class Reply(Model):
    """The answer to a word, in words for who said it."""

    became: Became
    text: str


class Incidents(Protocol):
    """Where words of people go."""

    async def tell(self, view: IncidentView, update: Update, payload: dict[str, str], key: str | None) -> Reply:
        """Hand it over and wait for the answer. The same `key` again is the same word, and has the same answer."""
        ...


class TemporalEar:
    """Incidents through updates of their workflows."""

    def __init__(self, client: Client, limit_s: float = _LIMIT_S) -> None:
        self._client = client
        self._limit_s = limit_s

    async def tell(self, view: IncidentView, update: Update, payload: dict[str, str], key: str | None) -> Reply:
        closed = Reply(became=Became.REFUSED, text=f"{view.incident} is closed; nothing was recorded")
        if view.state.closed:
            return closed
        handle = self._client.get_workflow_handle(view.key, run_id=view.workflow_run)
        try:
            async with answered(self._limit_s):
                text = await handle.execute_update(update, payload, id=key, result_type=str)  # pyright: ignore[reportUnknownMemberType]
        except NoAnswer as error:
            said = f"{error}. It may be recorded later: look again before you repeat it"
            return Reply(became=Became.UNANSWERED, text=said)
        except TemporalAway as away:
            return Reply(became=Became.UNHEARD, text=f"{away}; nothing was recorded. Try again")
        except WorkflowUpdateFailedError as error:
            fresh = payload.get("issued_at", "")
            if key is not None and fresh and not key.endswith(fresh) and getattr(error.cause, "type", "") == UNPROVEN:
                # An update's answer is kept under its id: a proof that came too late must not refuse a fresh one.
                return await self.tell(view, update, payload, f"{key}:{fresh}")
            # Its own words, without the name of the failure's type before them.
            text = error.cause.message if isinstance(error.cause, ApplicationError) else str(error.cause)
            return Reply(became=Became.REFUSED, text=text)
        except RPCError:  # NOT_FOUND: since we looked it has closed, or goes on in a new run
            now = await self._now(view)
            return closed if now is None else await self.tell(now, update, payload, key)
        return Reply(became=Became.ACCEPTED, text=str(text))

    async def _now(self, view: IncidentView) -> IncidentView | None:
        """The same incident in the run that it goes on in; None when there is no other."""
        try:
            newest = await TemporalIncidents(self._client).view(view.key)
        except TemporalAway:
            return None
        same = newest is not None and newest.incident == view.incident
        return newest if same and newest and newest.workflow_run != view.workflow_run else None


def decision_key(payload: dict[str, str], view: IncidentView) -> str:
    """A double tap is one decision: the same person's same answer, by the same door, to the same question has the same
    key. Refusals are kept under it too, so a door that proves people marks its own (`Speech.marked`): what somebody
    else sent in their name must not be their answer.
    """
    wanted = ":".join(f"{name}={payload[name]}" for name in sorted(payload) if name in _OF_A_CHANGE)
    parts = (payload["digest"], _asked_at(view), payload["who"], payload["verdict"], wanted, payload["door"])
    return ":".join(("decision", *filter(None, parts)))


def _asked_at(view: IncidentView) -> str:
    """When the question came up, also when it has just been decided. The same plan can be asked about again."""
    last = view.decisions[-1].asked_at if view.decisions else None
    asked_at = view.waiting.asked_at if view.waiting is not None else last
    return asked_at.isoformat() if asked_at is not None else ""


_OF_A_CHANGE = ("idle_age_s", "cap", "revision", "wait_min")
