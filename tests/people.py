"""People for tests: two who may decide, one up to MEDIUM only, one who may not; and a desk that knows them."""

from dataclasses import dataclass
from functools import cache

from pydantic import SecretStr

from domain.levels import Risk
from domain.people import People, Person
from starter.identity.desk import Desk
from starter.identity.directory import Directory
from starter.identity.sending import Incidents
from starter.identity.sessions import Sessions
from starter.identity.speech import Speech
from starter.identity.tokens import Fresh, make
from starter.identity.visitors import TrustedProxy, Visitors

KEY = SecretStr("a key for tests, long enough to be one")
NAMES = ("ana", "mia", "bo", "eve")


@cache
def token_of(name: str) -> Fresh:
    """The same token for the same person, in the whole run: making one is slow on purpose."""
    assert name in NAMES
    return make()


def password(name: str) -> str:
    return token_of(name).token.get_secret_value()


def people() -> People:
    """ana and mia decide on everything, bo up to MEDIUM; eve is no approver of any policy here."""
    return People(
        people=tuple(
            Person(
                name=name, token=SecretStr(token_of(name).hashed), slack=f"U0{name.upper()}",
                email=f"{name}@example.com",
                approves_up_to=Risk.MEDIUM if name == "bo" else Risk.HIGH,
            )
            for name in NAMES
        )
    )  # fmt: skip


@dataclass(frozen=True)
class Known:
    """A desk, and the parts that a test wants to hold."""

    desk: Desk
    directory: Directory
    sessions: Sessions


def known(
    incidents: Incidents, key: SecretStr = KEY, proxy: TrustedProxy | None = None, *, secure: bool = False
) -> Known:
    """An installation that knows these people."""
    directory = Directory(people())
    sessions = Sessions(key, directory)
    cookie = "__Host-nightshift" if secure else "nightshift"
    visitors = Visitors(directory, sessions, cookie, proxy)
    return Known(Desk(directory, Speech(key), visitors, incidents, secure=secure), directory, sessions)
