"""The people of an installation: how each is recognised at a door, and up to which risk each may decide."""

import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Self

from pydantic import Field, SecretStr, field_validator, model_validator

from domain.levels import Risk
from domain.model import Model

_NAME = re.compile(r"[^\s\x00-\x1f]{1,64}")
_SLACK = re.compile(r"[UW][A-Z0-9]{2,20}")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
_HASH = re.compile(r"scrypt:[A-Za-z0-9]{8}:[0-9]+:[0-9]+:[0-9]+:[0-9a-f]{32}:[0-9a-f]{64}")


class Person(Model):
    """One person. `name` is what the policy's `approvers` name, and what is recorded.

    `token`: the hash that `nightshift people add` printed; None: this person cannot log in.
    `approves_up_to`: the highest risk that they may decide on, if the policy lists them.
    """

    name: str
    token: SecretStr | None = None
    slack: str | None = Field(default=None, description="the Slack user's id, such as U024BE7LH")
    email: str | None = None
    approves_up_to: Risk = Risk.HIGH

    @field_validator("name")
    @classmethod
    def _name_is_one_word(cls, name: str) -> str:
        if not _NAME.fullmatch(name) or not name.isprintable():
            raise ValueError(f"{name[:80]!r} is not a name of 1 to 64 characters without spaces, such as 'ana'")
        return name

    @field_validator("slack")
    @classmethod
    def _slack_is_an_id(cls, slack: str | None) -> str | None:
        if slack is not None and not _SLACK.fullmatch(slack):
            raise ValueError(f"{slack[:80]!r} is not the id of a Slack user, such as 'U024BE7LH'")
        return slack

    @field_validator("email")
    @classmethod
    def _email_is_an_address(cls, email: str | None) -> str | None:
        if email is not None and not _EMAIL.fullmatch(email):
            raise ValueError(f"{email[:80]!r} is not a mail address")
        return email

    @field_validator("token")
    @classmethod
    def _token_is_a_hash(cls, token: SecretStr | None) -> SecretStr | None:
        if token is not None and not _HASH.fullmatch(token.get_secret_value()):
            raise ValueError("its value is not a hash as `nightshift people add` prints it (a token itself is none)")
        return token

    def may_decide(self, risk: Risk) -> bool:
        """Does this person's own limit reach that far?"""
        return self.approves_up_to.at_least(risk)


class People(Model):
    """Everybody who may be recognised. Names, Slack ids, addresses and tokens belong to one person each."""

    people: Annotated[tuple[Person, ...], Field(max_length=2_000)] = ()

    @model_validator(mode="after")
    def _nobody_stands_here_twice(self) -> Self:
        for field in ("name", "slack", "email"):
            _unique(field, (getattr(person, field) for person in self.people))
        selectors = (p.token.get_secret_value().split(":")[1] for p in self.people if p.token)
        if len(set(selectors)) < sum(p.token is not None for p in self.people):
            raise ValueError("people: two of them have the same token")
        return self

    def named(self, name: str) -> Person | None:
        """The person of this name, to the letter."""
        return next((person for person in self.people if person.name == name), None)

    def on_slack(self, slack: str) -> Person | None:
        """The person whose Slack user this is."""
        return next((person for person in self.people if person.slack == slack), None) if slack else None

    def with_email(self, email: str) -> Person | None:
        """The person whose address this is, in any case of letters."""
        wanted = email.lower()
        return next((p for p in self.people if p.email is not None and p.email.lower() == wanted), None)

    @property
    def limits(self) -> Mapping[str, Risk]:
        """The highest risk that each may decide on, by name: what an incident has to know of people."""
        return {person.name: person.approves_up_to for person in self.people}


def _unique(field: str, values: Iterable[str | None]) -> None:
    seen: set[str] = set()
    for value in values:
        if value is None:
            continue
        if value.lower() in seen:
            raise ValueError(f"people: {field} {value!r} stands here twice")
        seen.add(value.lower())
