"""What is known of the machine at one moment."""

from enum import StrEnum

from pydantic import AwareDatetime

from domain.model import Model


class Health(StrEnum):
    """OFF: not configured. DOUBT: it works, and yet somebody may be surprised."""

    OK = "ok"
    DOUBT = "doubt"
    DOWN = "down"
    OFF = "off"


class Part(Model):
    """One thing that we depend on. `since`: when it was first seen in trouble, None while it is well."""

    name: str
    health: Health
    said: str
    since: AwareDatetime | None = None


class Queue(Model):
    """One task queue. `workers` None: Temporal could not be asked; `oldest_s`: how long its oldest task waits."""

    name: str
    workers: int | None
    oldest_s: float = 0.0


class Automation(Model):
    """What the machine may do now. `actions` are automatic ones within the last hour, `limit` the most of them."""

    observes: bool
    paused: str | None = None
    frozen_until: AwareDatetime | None = None
    actions: int = 0
    limit: int = 0


class Machine(Model):
    """Everything at `at`. `automation` None: the store could not be asked.

    `ended_badly`: incidents whose workflows failed, were terminated or timed out within the last hour, None: not known.
    """

    at: AwareDatetime
    temporal: Part
    store: Part
    sources: tuple[Part, ...] = ()
    channels: tuple[Part, ...] = ()
    queues: tuple[Queue, ...] = ()
    automation: Automation | None = None
    ended_badly: int | None = None
