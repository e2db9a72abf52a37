"""What people may tell an incident, read from untrusted payloads."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, cast

from domain.doors import UNPROVEN, Door
from domain.invisible import one_line
from domain.lengths import read_length
from domain.model import Model
from domain.names import names_in
from domain.proof import Seal
from domain.unopened import why_unopened

SEALED = ("door", "issued_at", "proof")
"""Fields that a door adds, and that nobody types."""
_LONGEST = 2_000
_LONGEST_TEXT = 20_000
_LONGEST_CODE = 64
_LARGEST = 1e12


class CommandName(StrEnum):
    """A person's word that changes an incident without deciding on a plan."""

    ACK = "ack"
    TAKE = "take"
    RESOLVE = "resolve"
    FALSE_POSITIVE = "false_positive"
    SNOOZE = "snooze"
    NOTE = "note"
    MERGE = "merge"
    SPLIT = "split"

    @property
    def own(self) -> str | None:
        """The field that only this command has."""
        return next((field for field, command in OWN_FIELDS.items() if command is self), None)

    @property
    def fields(self) -> tuple[str, ...]:
        """What its data may say."""
        return ("who", "comment") if self.own is None else ("who", "comment", self.own)

    def said(self, who: str, comment: str, own: str) -> dict[str, str]:
        """Its data. `own`: what only this command says, empty: nothing."""
        return {"who": who, "comment": comment} | ({self.own: own} if self.own is not None and own else {})

    @property
    def regroups(self) -> bool:
        """Does it move alerts from one incident to another?"""
        return self in {CommandName.MERGE, CommandName.SPLIT}

    @property
    def words(self) -> str:
        """The command as people say it."""
        said = {
            CommandName.ACK: "acknowledged",
            CommandName.TAKE: "taken over",
            CommandName.RESOLVE: "resolved",
            CommandName.FALSE_POSITIVE: "marked as a false positive",
            CommandName.SNOOZE: "snoozed",
            CommandName.NOTE: "noted",
            CommandName.MERGE: "merged",
            CommandName.SPLIT: "split",
        }
        return said[self]


OWN_FIELDS = {"for": CommandName.SNOOZE, "into": CommandName.MERGE, "services": CommandName.SPLIT}
"""What only one command has to say, and has to."""


class Command(Model):
    """A command. `who` is a claim unless `proven`; a `seal` was not checked yet.

    `lasting`: for how long a snooze is asked; the others last. `into`: the incident that a merge names. `services`:
    those whose alerts a split takes away.
    """

    name: CommandName
    who: str
    comment: str = ""
    door: Door = Door.SIGNAL
    proven: bool = False
    seal: Seal | None = None
    lasting: timedelta | None = None
    into: str = ""
    services: tuple[str, ...] = ()

    @property
    def actor(self) -> str:
        """Who, as records keep it: a claim is called one."""
        return self.who if self.proven else f"{self.who} (claimed)"


def read_payload(raw: Any, allowed: tuple[str, ...], also: tuple[str, ...] = ()) -> dict[str, str] | str:  # noqa: ANN401 - it is untrusted
    """The text fields of an object (or of JSON text), or the sentence that says what is wrong with it.

    `also` are fields that are read, and numbers in them, but that no sentence proposes.
    """
    wanted = "send an object such as " + json.dumps(dict.fromkeys(allowed, "..."))
    if raw is None or raw == "":
        return f"it came without data; {wanted}"
    if isinstance(raw, str):
        if len(raw) > _LONGEST_TEXT:
            return f"the data has {len(raw)} characters, at most {_LONGEST_TEXT} are read; {wanted}"
        try:
            raw = json.loads(raw)
        except (ValueError, RecursionError):  # the latter for "[[[[..."
            return f"the data is not JSON; {wanted}"
    if not isinstance(raw, dict):
        return f"the data is a {type(raw).__name__}; {wanted}"
    unopened = why_unopened(raw)
    if unopened is not None:
        return unopened
    return _texts(cast("dict[Any, Any]", raw), allowed, also)


def _texts(raw: dict[Any, Any], allowed: tuple[str, ...], also: tuple[str, ...]) -> dict[str, str] | str:
    texts: dict[str, str] = {}
    for field, value in raw.items():
        if field not in allowed and field not in also:
            return f"unknown field {str(field)[:40]!r}; allowed are {', '.join(allowed)}"
        number = field in also and isinstance(value, int | float) and not isinstance(value, bool) and _small(value)
        if value is not None and not isinstance(value, str) and not number:
            return f"{field} is a {type(value).__name__}, not text"
        texts[field] = _clean(str(value)[:_LONGEST_TEXT] if value is not None else "")[:_LONGEST]
    return {field: texts.get(field, "") for field in (*allowed, *also)}


def _small(value: float) -> bool:
    """Can it be printed at all? Python refuses to print integers of thousands of digits."""
    return abs(value) < _LARGEST


def _clean(text: str) -> str:
    """One line without control characters, bidirectional marks and lone surrogates: it is shown, sent and stored."""
    return one_line(text)


def read_door(fields: Mapping[str, str], door: Door) -> tuple[Door, Seal | None] | str:
    """By which door a word came that says so itself, and its seal; or what is wrong with that.

    A word without a seal may name some doors only: the others are behind a check of who it is.
    """
    named = fields.get("door") or door.value
    if named not in list(Door):
        return f"door is {named[:40]!r}, not one of {', '.join(Door)}"
    said = Door(named)
    code, issued_at = fields.get("proof", ""), fields.get("issued_at", "")
    if not code and not issued_at:
        return (said, None) if said is door or said in UNPROVEN else f"the door {said} comes with a proof only"
    moment = _moment(issued_at)
    if moment is None:
        return f"issued_at is {issued_at[:40]!r}, not a moment with its zone"
    # Cut beyond a code's length, so that a longer text stays a wrong one.
    return said, Seal(issued_at=moment, code=code[: _LONGEST_CODE + 1])


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None and moment.year < 9_000 and moment.year > 1 else None  # noqa: PLR2004 - sums of it must stay dates


def read_command(raw: Any, name: CommandName, door: Door = Door.SIGNAL) -> Command | str:  # noqa: ANN401 - it is untrusted
    """The command in an untrusted payload, or what is wrong with it. Only an update carries a seal."""
    fields = read_payload(raw, name.fields, SEALED if door is Door.UPDATE else ())
    if isinstance(fields, str):
        return fields
    if not fields["who"]:
        return "who is missing or empty"
    missing = _missing(name, fields)
    if missing is not None:
        return missing
    through = read_door(fields, door)
    if isinstance(through, str):
        return through
    services = _services(fields)
    if isinstance(services, str):
        return services
    lasting = read_length(fields["for"]) if name is CommandName.SNOOZE else None
    if isinstance(lasting, str):
        return f"for: {lasting}; a snooze has an end"
    return Command(
        name=name, who=fields["who"][:200], comment=fields["comment"], door=through[0], seal=through[1],
        lasting=lasting, into=fields.get("into", ""), services=services,
    )  # fmt: skip


def _missing(name: CommandName, fields: Mapping[str, str]) -> str | None:
    """What a command has to say, and this one does not."""
    if name is CommandName.NOTE and not fields["comment"]:
        return "comment is missing or empty: it is what is noted"
    if name.regroups and not fields["comment"]:
        return f"comment is missing or empty: a {name} says why"
    if name is CommandName.MERGE and not fields["into"]:
        return "into is missing or empty: it names the incident that goes on"
    if name is CommandName.SPLIT and not _services(fields):
        return "services is missing or empty: it names those whose alerts leave, with commas between them"
    return None


def _services(fields: Mapping[str, str]) -> tuple[str, ...] | str:
    try:
        return names_in(fields.get("services", ""))
    except ValueError as error:
        return f"services is {error}"
