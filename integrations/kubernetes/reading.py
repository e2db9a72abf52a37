"""Reads a deployment as prechecks want to see it."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Literal

from domain.deployment import Budget, DeploymentState, MigrationJob, Quota, Revision
from domain.prechecks import MIGRATIONS
from domain.services import Deployment
from integrations.kubernetes import objects, paths
from integrations.kubernetes.connection import Cluster
from integrations.kubernetes.objects import PLAN, RESTARTED_AT
from integrations.kubernetes.releases import fingerprint, image_of, own, returned
from integrations.kubernetes.room import pods_that_fit
from integrations.kubernetes.selecting import as_query, matches

# Labels and annotations that these controllers put on what they keep as their repository says. The label
# app.kubernetes.io/instance is none: Helm and many others set it too.
_GITOPS: Mapping[str, str] = {
    "argocd.argoproj.io/tracking-id": "Argo CD",
    "argocd.argoproj.io/instance": "Argo CD",
    "kustomize.toolkit.fluxcd.io/name": "Flux",
    "helm.toolkit.fluxcd.io/name": "Flux",
}
_NOT_RECONCILED: Mapping[str, str] = {
    "kustomize.toolkit.fluxcd.io/reconcile": "disabled",
    "helm.toolkit.fluxcd.io/driftDetection": "disabled",
}


class Seen(objects.Part):
    """A deployment with its replica sets as they were read, and what they come to."""

    deployment: objects.Deployment
    sets: tuple[objects.ReplicaSet, ...]
    state: DeploymentState


def glance(cluster: Cluster, of: Deployment) -> Seen:
    """The deployment and its releases, which also an account may read that may not act."""
    deployment = cluster.read(objects.Deployment, paths.deployment(of))
    query = as_query(deployment.spec.selector)
    sets = own(deployment, cluster.read(objects.ReplicaSets, paths.replica_sets(of), labelSelector=query))
    return Seen(deployment=deployment, sets=sets, state=_state(of, deployment, sets))


def look(cluster: Cluster, of: Deployment, *, migrations: bool) -> Seen:
    """One look. Jobs are read only where migrations matter: not every action may read them."""
    seen = glance(cluster, of)
    budgets = cluster.read(objects.DisruptionBudgets, paths.disruption_budgets(of))
    quotas = cluster.read(objects.ResourceQuotas, paths.quotas(of))
    jobs = cluster.read(objects.Jobs, paths.jobs(of), labelSelector=f"{MIGRATIONS}={of.name}") if migrations else None
    return seen.model_copy(update={"state": seen.state.model_copy(update={
        "budgets": tuple(_budgets(budgets, seen.deployment)),
        "quotas": tuple(_quotas(quotas, seen.deployment)),
        "migration_jobs": tuple(_jobs(jobs)),
    })})  # fmt: skip


def progress(cluster: Cluster, of: Deployment) -> DeploymentState:
    """How far a rollout has come: one question only, since it is asked each second."""
    return _state(of, cluster.read(objects.Deployment, paths.deployment(of)), ())


def _state(of: Deployment, deployment: objects.Deployment, sets: Iterable[objects.ReplicaSet]) -> DeploymentState:
    spec, status, metadata = deployment.spec, deployment.status, deployment.metadata
    rolling = spec.strategy.rolling_update or objects.RollingUpdate()
    strategy: Literal["RollingUpdate", "Recreate"] = "Recreate" if spec.strategy.type == "Recreate" else "RollingUpdate"
    revision = metadata.annotations.get(objects.REVISION, "")
    return DeploymentState(
        at=datetime.now(UTC), target=of.target, uid=metadata.uid, resource_version=metadata.resource_version,
        settled=status.observed_generation >= metadata.generation, paused=spec.paused, replicas=spec.replicas,
        total=status.replicas, updated=status.updated_replicas, ready=status.ready_replicas,
        available=status.available_replicas, failed_at=_deadline_exceeded(status), strategy=strategy,
        max_unavailable=rolling.max_unavailable, max_surge=rolling.max_surge,
        revision=int(revision) if revision.isdecimal() else 0,
        revisions=tuple(_revision(s, deployment) for s in sets), gitops=_gitops(metadata),
        restarted_at=spec.pods.metadata.annotations.get(RESTARTED_AT), digest=metadata.annotations.get(PLAN),
    )  # fmt: skip


def _revision(replica_set: objects.ReplicaSet, deployment: objects.Deployment) -> Revision:
    metadata = replica_set.metadata
    return Revision(
        number=replica_set.revision or 0, template_hash=replica_set.template_hash, replica_set=metadata.name,
        uid=metadata.uid, image=image_of(replica_set),
        created_at=metadata.creation_timestamp or datetime.now(UTC), returned=returned(replica_set),
        migrations=_marker(replica_set, deployment), fingerprint=fingerprint(replica_set),
    )  # fmt: skip


def _marker(replica_set: objects.ReplicaSet, deployment: objects.Deployment) -> str | None:
    """On the pods' template or the replica set itself, which has the deployment's annotations of its time.

    Labels of a deployment are not handed down, so one there speaks of the newest release.
    """
    template = replica_set.spec.pods.metadata
    newest = replica_set.metadata.annotations.get(objects.REVISION) == deployment.metadata.annotations.get(
        objects.REVISION
    )
    places: list[Mapping[str, str]] = [
        template.annotations, template.labels, replica_set.metadata.annotations,
        replica_set.metadata.labels, deployment.metadata.labels if newest else {},
    ]  # fmt: skip
    return next((place[MIGRATIONS] for place in places if MIGRATIONS in place), None)


def _gitops(metadata: objects.Metadata) -> str | None:
    said = {**metadata.labels, **metadata.annotations}
    if any(said.get(key) == value for key, value in _NOT_RECONCILED.items()):
        return None
    return next((who for key, who in _GITOPS.items() if key in said), None)


def _deadline_exceeded(status: objects.DeploymentStatus) -> datetime | None:
    late = (c for c in status.conditions if c.type == "Progressing" and c.reason == "ProgressDeadlineExceeded")
    return next((c.last_update_time for c in late), None)


def _budgets(found: objects.DisruptionBudgets, deployment: objects.Deployment) -> Iterable[Budget]:
    """Those over the deployment's pods. A budget without a selector covers nothing."""
    labels = deployment.spec.pods.metadata.labels
    for budget in found.items:
        if budget.spec.selector is not None and matches(budget.spec.selector, labels):
            yield Budget(
                name=budget.metadata.name, min_available=budget.spec.min_available,
                max_unavailable=budget.spec.max_unavailable,
            )  # fmt: skip


def _quotas(found: objects.ResourceQuotas, deployment: objects.Deployment) -> Iterable[Quota]:
    for quota in found.items:
        room = pods_that_fit(quota.status, deployment.spec.pods)
        if room is not None:
            yield Quota(name=quota.metadata.name, room=room)


def _jobs(found: objects.Jobs | None) -> Iterable[MigrationJob]:
    for job in found.items if found else ():
        if job.metadata.creation_timestamp is not None:
            yield MigrationJob(name=job.metadata.name, created_at=job.metadata.creation_timestamp)
