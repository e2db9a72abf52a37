"""A Kubernetes deployment as it stands at one moment: what prechecks look at, and nothing of how it was read."""

import math
from typing import Literal

from pydantic import AwareDatetime

from domain.model import Model

Amount = int | str
"""A number of pods, or a share of the replicas such as "25%", as Kubernetes writes either."""


class Revision(Model):
    """One release that can be put back: a replica set with its template. `image` is that of the first container.

    `fingerprint` is of the very replica set and the template in it, which can be written anew under the same number.
    `returned`: it was released before and came back later. `migrations` is the value of the marker that says that this
    release migrates a database, None without one.
    """

    number: int
    template_hash: str
    replica_set: str
    uid: str
    image: str
    fingerprint: str
    created_at: AwareDatetime
    returned: bool = False
    migrations: str | None = None


class Budget(Model):
    """A disruption budget over the deployment's pods; one of the two amounts is set."""

    name: str
    min_available: Amount | None = None
    max_unavailable: Amount | None = None


class Quota(Model):
    """A resource quota of the namespace. `room`: pods of this deployment that still fit into it."""

    name: str
    room: int


class MigrationJob(Model):
    """A job that says of itself that it migrates the database of this deployment."""

    name: str
    created_at: AwareDatetime


class DeploymentState(Model):
    """What the cluster says. Counts are of pods.

    `settled`: its controller has seen the newest change of it. `digest` names the plan of ours that changed it last.
    `failed_at`: when a rollout last passed its deadline. `gitops` names the controller that writes it from a
    repository. `revisions`: newest first.
    """

    at: AwareDatetime
    target: str
    uid: str
    resource_version: str
    settled: bool
    paused: bool = False
    replicas: int
    total: int
    updated: int
    ready: int
    available: int
    failed_at: AwareDatetime | None = None
    strategy: Literal["RollingUpdate", "Recreate"] = "RollingUpdate"
    max_unavailable: Amount = "25%"
    max_surge: Amount = "25%"
    revision: int
    revisions: tuple[Revision, ...]
    gitops: str | None = None
    budgets: tuple[Budget, ...] = ()
    quotas: tuple[Quota, ...] = ()
    migration_jobs: tuple[MigrationJob, ...] = ()
    restarted_at: str | None = None
    digest: str | None = None

    @property
    def current(self) -> Revision | None:
        """The release that runs, or is being rolled out; None while the controller has not said which."""
        return self.numbered(self.revision) if self.settled else None

    def numbered(self, number: object) -> Revision | None:
        return next((r for r in self.revisions if r.number == number), None)

    @property
    def rolled_out(self) -> bool:
        """Is every pod of the newest template, and available?"""
        return self.settled and self.replicas == self.updated == self.total == self.available

    @property
    def may_be_down(self) -> int:
        """Pods that a rollout may take down at once; Recreate takes all. Kubernetes rounds a share down."""
        if self.strategy == "Recreate":
            return self.replicas
        down = pods(self.max_unavailable, self.replicas, up=False)
        # Kubernetes: both at nought would never move, so one may be down then.
        return down if down or pods(self.max_surge, self.replicas, up=True) else 1


def pods(amount: Amount, of: int, *, up: bool) -> int:
    """An amount in pods; a share is rounded up or down. Raises ValueError for what is neither number nor share."""
    if isinstance(amount, int):
        return amount
    share = amount.strip()
    if not share.endswith("%"):
        return int(share)
    exact = of * int(share[:-1]) / 100
    return math.ceil(exact) if up else math.floor(exact)
