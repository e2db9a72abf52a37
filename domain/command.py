"""What people may tell an incident, read from untrusted payloads."""

import json
from datetime import timedelta
from enum import StrEnum
from typing import Any, cast

from domain.lengths import read_length
from domain.model import Model

_LONGEST = 2_000
_LONGEST_TEXT = 20_000


class CommandName(StrEnum):
    """A person's word that changes an incident without deciding on a plan."""

    ACK = "ack"
    TAKE = "take"
    RESOLVE = "resolve"
    FALSE_POSITIVE = "false_positive"
    SNOOZE = "snooze"

    @property
    def fields(self) -> tuple[str, ...]:
        """What its data may say."""
        return ("who", "comment", "for") if self is CommandName.SNOOZE else ("who", "comment")

    @property
    def words(self) -> str:
        """The command as people say it."""
        said = {
            CommandName.ACK: "acknowledged",
            CommandName.TAKE: "taken over",
            CommandName.RESOLVE: "resolved",
            CommandName.FALSE_POSITIVE: "marked as a false positive",
            CommandName.SNOOZE: "snoozed",
        }
        return said[self]


class Command(Model):
    """A command. `who` is a claim. `lasting`: for how long a snooze is asked; the others last."""

    name: CommandName
    who: str
    comment: str = ""
    lasting: timedelta | None = None


def read_payload(raw: Any, allowed: tuple[str, ...]) -> dict[str, str] | str:  # noqa: ANN401 - it is untrusted
    """The text fields of an object (or of JSON text), or the sentence that says what is wrong with it."""
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
    return _texts(cast("dict[Any, Any]", raw), allowed)


def _texts(raw: dict[Any, Any], allowed: tuple[str, ...]) -> dict[str, str] | str:
    for field, value in raw.items():
        if field not in allowed:
            return f"unknown field {str(field)[:40]!r}; allowed are {', '.join(allowed)}"
        if value is not None and not isinstance(value, str):
            return f"{field} is a {type(value).__name__}, not text"
    return {field: _clean(raw.get(field) or "")[:_LONGEST] for field in allowed}


def _clean(text: str) -> str:
    """One line without control characters, bidirectional marks and lone surrogates: it is shown, sent and stored."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def read_command(raw: Any, name: CommandName) -> Command | str:  # noqa: ANN401 - it is untrusted
    """The command in an untrusted payload, or what is wrong with it."""
    fields = read_payload(raw, name.fields)
    if isinstance(fields, str):
        return fields
    if not fields["who"]:
        return "who is missing or empty"
    lasting = read_length(fields["for"]) if name is CommandName.SNOOZE else None
    if isinstance(lasting, str):
        return f"for: {lasting}; a snooze has an end"
    return Command(name=name, who=fields["who"][:200], comment=fields["comment"], lasting=lasting)
