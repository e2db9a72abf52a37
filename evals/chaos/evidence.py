"""What is seen from outside when all is over: the facts that the judge looks at."""

from dataclasses import dataclass, field
from datetime import datetime

from domain.escalation import Told
from domain.message import Moment
from domain.policy import Policy
from domain.view import IncidentView


@dataclass(frozen=True)
class Alert:
    """An alert that the sender was told is stored."""

    fingerprint: str
    service: str


@dataclass(frozen=True)
class Timer:
    """A timer of an incident, as history has it. `fired` and `canceled` count events: one of them, once.

    `acted_at` is when a worker had dealt with it; None: it has not fired, or nobody has.
    """

    name: str
    due_at: datetime
    order: int | None = None
    fired: int = 0
    canceled: int = 0
    acted_at: datetime | None = None


@dataclass(frozen=True)
class Order:
    """A message that was ordered, as history has it. `told`: what the clock says in it, None: it only follows."""

    number: int
    moment: Moment
    told: Told | None = None


@dataclass(frozen=True)
class Incident:
    """A run of the workflow: `status` as Temporal says it, and what it knows about itself.

    `policy` is the one that it began with, `orders` are its mails by their numbers.
    """

    status: str
    view: IncidentView
    policy: Policy
    timers: tuple[Timer, ...] = ()
    orders: tuple[Order, ...] = ()


@dataclass(frozen=True)
class Letter:
    """A mail that the mail server has accepted; the same Message-ID may be there several times."""

    message_id: str
    text: str


@dataclass(frozen=True)
class Act:
    """A row of the audit log that says that something was done to a target."""

    incident: str
    target: str
    affected: int


@dataclass(frozen=True)
class Patient:
    """What the server of a database under care said to those who were connected.

    `codes` are SQLSTATEs with which it ended the sessions that were in the way; `bystanders` how many it ended of
    those that came after the machine had acted: it never meant them.
    """

    target: str
    codes: tuple[str, ...] = ()
    bystanders: int = 0


@dataclass(frozen=True)
class Down:
    """A process was away."""

    victim: str
    since: datetime
    until: datetime


@dataclass(frozen=True)
class Evidence:
    """All of it. `locks` names what is still held; `silent` are incidents that must have called somebody."""

    now: datetime
    alerts: tuple[Alert, ...] = ()
    incidents: tuple[Incident, ...] = ()
    letters: tuple[Letter, ...] = ()
    acts: tuple[Act, ...] = ()
    patients: tuple[Patient, ...] = ()
    locks: tuple[str, ...] = ()
    must_call: frozenset[str] = field(default_factory=frozenset[str])
    downs: tuple[Down, ...] = ()
