"""Everything that an installation with people has for recognising them and passing on what they say."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from domain.approval import SHORT_DIGEST, Verdict
from domain.change import Change
from domain.command import CommandName
from domain.doors import Door
from domain.people import Person
from domain.view import IncidentView
from starter.identity.directory import Directory
from starter.identity.guesses import Guesses
from starter.identity.sending import Incidents, Reply, decision_key
from starter.identity.speech import Speech
from starter.identity.visitors import Visitors


@dataclass(frozen=True)
class Desk:
    """`guesses` counts by who fails as whom, `floods` by peer alone: a peer may be a proxy before many people."""

    directory: Directory
    speech: Speech
    visitors: Visitors
    incidents: Incidents
    secure: bool
    guesses: Guesses = field(default_factory=Guesses)
    floods: Guesses = field(default_factory=lambda: Guesses(most=50))

    async def decide(
        self, person: Person, door: Door, view: IncidentView, *, digest: str, verdict: Verdict, comment: str = "",
        change: Change | None = None,
    ) -> Reply:  # fmt: skip
        """Say a decision, proven. Said twice, it is one. Raises Unsayable."""
        payload = self.speech.decision(
            person, door, datetime.now(UTC), incident=view.incident, digest=_whole(digest, view), verdict=verdict,
            comment=comment, change=change,
        )  # fmt: skip
        return await self.incidents.tell(view, "decide", payload, self.speech.marked(decision_key(payload, view)))

    async def tell(
        self, person: Person, door: Door, view: IncidentView, command: CommandName, comment: str = "",
        own: str = "", key: str | None = None,
    ) -> Reply:  # fmt: skip
        """Say a command, proven. `own`: what only this command says, such as for how long a snooze is. With a `key`,
        said again it is the same word. Raises Unsayable for what is incomplete, such as an empty note.
        """
        payload = self.speech.command(
            person,
            door,
            datetime.now(UTC),
            incident=view.incident,
            command=command,
            comment=comment,
            own=own,
        )
        return await self.incidents.tell(view, "person", payload, self.speech.marked(key) if key else None)


def _whole(digest: str, view: IncidentView) -> str:
    """The digest of which a person named the first characters: what is sealed fits one plan only."""
    waiting = view.waiting
    named = waiting is not None and len(digest) >= SHORT_DIGEST and waiting.digest.startswith(digest)
    return waiting.digest if waiting is not None and named else digest
