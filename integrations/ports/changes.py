"""Changes: what was released, scaled or restarted."""

from enum import StrEnum
from typing import Protocol

from pydantic import AwareDatetime

from domain.finding import Window
from domain.model import Model
from domain.services import Deployment


class ChangeKind(StrEnum):
    """What happened to a deployment. FAILING: its pods cannot start; RESTART: somebody restarted it on purpose."""

    ROLLOUT = "rollout"
    RESTART = "restart"
    SCALING = "scaling"
    CONFIG = "config"
    OOM_KILL = "oom_kill"
    CRASH = "crash"
    FAILING = "failing"
    WARNING = "warning"


class Release(Model):
    """A revision of a deployment, by its number and the hash of its template; `image` of the first container.

    `fingerprint`: of the very replica set and the template in it; a plan that puts it back names it.
    """

    revision: int
    template_hash: str
    image: str
    fingerprint: str


class Change(Model):
    """Something that was changed or happened, at `at` for the first time. `said` is untrusted text.

    `fields`: names of what differs, never values. `release` and `before`, of a rollout: what came and what ran until
    then, None where that is not kept. `returned`: an earlier release came back. `count`: how often, or on how many.
    """

    kind: ChangeKind
    at: AwareDatetime
    said: str
    count: int = 1
    fields: tuple[str, ...] = ()
    release: Release | None = None
    before: Release | None = None
    returned: bool = False


class Changes(Model):
    """What happened to a deployment within a window, newest first, and what runs now. Counts are of pods.

    `runs` None: its controller has not said yet. `kept`: releases that can be put back, newest first.
    `left_out`: changes beyond the bound of an answer.
    """

    at: AwareDatetime
    target: str
    uid: str
    runs: Release | None
    kept: tuple[Release, ...] = ()
    replicas: int
    ready: int
    changes: tuple[Change, ...]
    left_out: int = 0


class ChangeSource(Protocol):
    """What was changed in deployments, and what happened to them."""

    def changes(self, deployment: Deployment, window: Window) -> Changes:
        """Changes that began within the window, or at its end are still going on. Raises Rejected where there is
        no such deployment.
        """
        ...

    def query_text(self, deployment: Deployment) -> str:
        """Commands for a person to see the same."""
        ...
