"""Databases under care: who holds and who waits."""

from typing import Protocol

from pydantic import AwareDatetime

from domain.model import Model
from domain.services import Database


class SessionGroup(Model):
    """Sessions of one role, application and state in a database; `oldest_s`: how long the oldest is in that state."""

    role: str
    application: str
    state: str
    count: int
    oldest_s: float


class BlockedSession(Model):
    """A session that waits for a lock, and the session that holds it. Times in seconds."""

    pid: int
    application: str
    wait_s: float
    relation: str
    blocker_pid: int
    blocker_role: str
    blocker_application: str
    blocker_state: str
    blocker_age_s: float


class DatabaseState(Model):
    """A PostgreSQL database at one moment. `limit`: connections that may be open (database or server)."""

    at: AwareDatetime
    database: str
    limit: int
    used: int
    groups: tuple[SessionGroup, ...]
    blocked: tuple[BlockedSession, ...]


class DatabaseSource(Protocol):
    """A PostgreSQL server under care, by a role that may only look."""

    def state(self, database: Database) -> DatabaseState:
        """Sessions and locks now. Works when the database itself is full."""
        ...

    def query_text(self) -> str:
        """The statement that is sent, for a person to repeat."""
        ...
