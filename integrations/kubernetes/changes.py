"""What changed in a deployment, and what happened to it, as Kubernetes remembers it: events for about an hour."""

from collections.abc import Iterator

from domain.finding import Window
from domain.rights import Right
from domain.services import Deployment
from integrations.kubernetes import happenings, objects, paths
from integrations.kubernetes.connection import Cluster
from integrations.kubernetes.differences import config_maps
from integrations.kubernetes.refusals import Absent
from integrations.kubernetes.releases import own, release_of, rollouts
from integrations.kubernetes.selecting import as_query
from integrations.ports import Change, Changes

MOST_CHANGES = 30
_MOST_CONFIG_MAPS = 10
_PAGE = 500

RIGHTS = (
    Right(group="apps", resource="deployments", verbs=("get",)),
    Right(group="apps", resource="replicasets", verbs=("list",)),
    Right(group="", resource="pods", verbs=("list",)),
    Right(group="", resource="events", verbs=("list",)),
    Right(group="", resource="configmaps", verbs=("get",)),
)
"""What this source needs. Secrets are not among it: that one changed is not seen."""


class KubernetesChanges:
    """Reads deployments, replica sets, pods, events, and of config maps the metadata only."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    def changes(self, deployment: Deployment, window: Window) -> Changes:
        """At most MOST_CHANGES of them, newest first."""
        ask = self._cluster
        read = ask.read(objects.Deployment, paths.deployment(deployment))
        selected = {"labelSelector": as_query(read.spec.selector), "limit": _PAGE}
        sets = own(read, ask.read(objects.ReplicaSets, paths.replica_sets(deployment), **selected))
        pods = ask.read(objects.Pods, paths.pods(deployment), **selected)
        events = ask.read(objects.Events, paths.events(deployment), limit=_PAGE)
        found = [
            *rollouts(read, sets, events, window), *happenings.scalings(read, sets, events, window),
            *happenings.config_changes(self._config_maps(deployment, read), window),
            *happenings.deaths(pods, window), *happenings.failing(pods, window.end),
            *happenings.warnings(_only_warnings(events), read, sets, window),
        ]  # fmt: skip
        found.sort(key=_newest_first)
        settled = read.status.observed_generation >= read.metadata.generation
        return Changes(
            at=window.end, target=deployment.target, uid=read.metadata.uid,
            runs=release_of(sets[0]) if sets and settled else None,
            kept=tuple(map(release_of, sets)), replicas=read.spec.replicas,
            ready=read.status.ready_replicas, changes=tuple(found[:MOST_CHANGES]),
            left_out=max(0, len(found) - MOST_CHANGES),
        )  # fmt: skip

    def query_text(self, deployment: Deployment) -> str:
        """For kubectl."""
        at = f"kubectl --namespace {deployment.namespace}"
        return f"{at} rollout history deployment/{deployment.name}; {at} get events --sort-by=.lastTimestamp"

    def _config_maps(self, deployment: Deployment, read: objects.Deployment) -> Iterator[objects.OnlyMetadata]:
        for name in config_maps(read.spec.template)[:_MOST_CONFIG_MAPS]:
            try:
                yield self._cluster.read_metadata(objects.OnlyMetadata, paths.config_map(deployment, name))
            except Absent:
                continue  # an optional one that is not there is no change; one that is needed shows in its pods


def _only_warnings(events: objects.Events) -> objects.Events:
    return events.model_copy(update={"items": tuple(e for e in events.items if e.type == "Warning")})


def _newest_first(change: Change) -> tuple[float, str, str]:
    return (-change.at.timestamp(), change.kind, change.said)
