"""What is known of the machine at one moment."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from pydantic import AwareDatetime

from domain.advice.advice import Advised
from domain.holding import Quiet
from domain.model import Model
from workflows.contract import DETECTION_SCHEDULE, TRAINING_SCHEDULE

LATE_AFTER_S: Mapping[str, float] = {DETECTION_SCHEDULE: 300.0, TRAINING_SCHEDULE: 86_400.0}
"""So many seconds too late somebody should look, as deploy/prometheus says too. A round of training may take hours, and
a forecast judges for 48.
"""


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


class Scheduled(Model):
    """One of Temporal's schedules. `every_s`: seconds from one start to the next; `succeeded_at`: when the last of its
    runs that succeeded ended, None: none has; `failed`: how many shards did not in that one; `paused`: the note of
    whoever paused it, None: it is not.
    """

    name: str
    made_at: AwareDatetime
    every_s: float
    succeeded_at: AwareDatetime | None = None
    failed: int = 0
    paused: str | None = None

    def late_s(self, now: datetime) -> float:
        """By how many seconds its next success is later than it could be; 0 while it is not, or is paused."""
        waited = (now - (self.succeeded_at or self.made_at)).total_seconds()
        return 0.0 if self.paused is not None else max(waited - self.every_s, 0.0)

    def overdue(self, now: datetime) -> bool:
        return self.late_s(now) > LATE_AFTER_S[self.name]


class Automation(Model):
    """What the machine may do now. `actions` are automatic ones within the last hour, `limit` the most of them."""

    observes: bool
    paused: str | None = None
    frozen_until: AwareDatetime | None = None
    actions: int = 0
    limit: int = 0


class Adviser(Model):
    """The language model that new incidents ask as well. `spent_usd` of `limit_usd` within the last hour, None: nobody
    can tell. `silent`: the newest consultation of that hour, if no opinion came of it.
    """

    name: str
    limit_usd: float
    spent_usd: float | None = None
    silent: Advised | None = None


class Machine(Model):
    """Everything at `at`. `automation` None: the store could not be asked. `schedules`: those that there are, None:
    Temporal could not be asked. `adviser` None: no model is asked.

    `quiet`: what is muted by people's word, None: the store could not be asked. `unjudged`: what was, and was not
    judged at its end.
    `ended_badly`: workflows of incidents, and of what is held back, that failed, were terminated or timed out within
    the last hour, None: not known.
    """

    at: AwareDatetime
    temporal: Part
    store: Part
    sources: tuple[Part, ...] = ()
    channels: tuple[Part, ...] = ()
    queues: tuple[Queue, ...] = ()
    schedules: tuple[Scheduled, ...] | None = None
    automation: Automation | None = None
    quiet: tuple[Quiet, ...] | None = ()
    unjudged: tuple[Quiet, ...] = ()
    adviser: Adviser | None = None
    ended_badly: int | None = None
