"""A person's word as an incident takes it in: what they said, through which door, and the proof of both.

For every door that knows people, such as a page after login or a button whose sender is verified. The caller has made
sure who it is; what they may do is for the incident to say.
"""

import hashlib
import hmac
from datetime import datetime

from pydantic import SecretStr

from domain.approval import Verdict, read_decision
from domain.change import Change
from domain.command import CommandName, read_command
from domain.doors import Door
from domain.people import Person
from domain.proof import Seal, Word, seal


class Unsayable(ValueError):
    """What was to be said is not complete; the text says what is missing."""


class Speech:
    """Seals with the key that the workers check with."""

    def __init__(self, key: SecretStr) -> None:
        self._key = key.get_secret_value().encode()

    def decision(
        self, person: Person, door: Door, now: datetime, *, incident: str, digest: str, verdict: Verdict,
        comment: str = "", change: Change | None = None,
    ) -> dict[str, str]:  # fmt: skip
        """The data for the update `decide`. Raises Unsayable without a digest."""
        said = {"digest": digest, "who": person.name, "comment": comment}
        asked = {name: f"{value:g}" for name, value in change.values.items()} if change is not None else {}
        # Read as the incident will read it, so that the proof covers what is understood there.
        heard = read_decision({**said, **asked}, verdict, Door.UPDATE)
        if isinstance(heard, str):
            raise Unsayable(heard)
        word = Word(
            incident=incident, said=verdict, who=heard.who, door=door, digest=heard.digest, comment=heard.comment,
            change=heard.change,
        )  # fmt: skip
        return {**said, **asked, "verdict": verdict.value, **self._proof(word, now)}

    def command(
        self, person: Person, door: Door, now: datetime, *, incident: str, command: CommandName, comment: str = "",
        own: str = "",
    ) -> dict[str, str]:  # fmt: skip
        """The data for the update `person`. `own`: what only this command says, such as for how long a snooze is.
        Raises Unsayable where that is missing.
        """
        said = command.said(person.name, comment, own)
        heard = read_command(said, command)
        if isinstance(heard, str):
            raise Unsayable(heard)
        word = Word(
            incident=incident, said=command, who=heard.who, door=door, comment=heard.comment, lasting=heard.lasting,
            into=heard.into, services=heard.services,
        )  # fmt: skip
        return {**said, "command": command.value, **self._proof(word, now)}

    def marked(self, key: str) -> str:
        """The key of a word, with a mark that nobody else can make: whoever could guess it could use it up."""
        mark = hmac.new(self._key, f"nightshift word's key 1\n{key}".encode(), hashlib.sha256).hexdigest()
        return f"{key}:{mark[:32]}"

    def _proof(self, word: Word, now: datetime) -> dict[str, str]:
        sealed: Seal = seal(word, self._key, now)
        return {"door": word.door.value, "issued_at": sealed.issued_at.isoformat(), "proof": sealed.code}
