"""ROLLBACK_DEPLOYMENT and ROLL_FORWARD: put the template of another release back, as kubectl's rollout undo does.

Kubernetes has no rollback of its own: the old replica set keeps the template, and writing it into the deployment makes
its controller roll out that very replica set again.
"""

import logging
from datetime import UTC, datetime
from typing import Any

from domain.deployment import DeploymentState
from domain.incident import Executed
from domain.plan import Action, Plan
from domain.services import Deployment, ServiceMap
from integrations.kubernetes import objects, paths
from integrations.kubernetes.connection import Cluster
from integrations.kubernetes.objects import CHANGE_CAUSE, HASH, PLAN
from integrations.kubernetes.reading import Seen, look, progress
from integrations.kubernetes.refusals import Conflict
from integrations.kubernetes.rollout import PATIENT, Patience, wait_for_rollout
from integrations.kubernetes.target import against, executed, facts, require_own, target_of
from integrations.ports import Intent, Rejected, Unavailable

_TRIES = 5
# The rest of the plan's time is for reading and for the record.
_ROLLOUT_SHARE = 0.8
_CONTROLLERS_OWN = frozenset({
    objects.REVISION, objects.HISTORY, "deployment.kubernetes.io/desired-replicas",
    "deployment.kubernetes.io/max-replicas", "kubectl.kubernetes.io/last-applied-configuration",
})  # fmt: skip
_log = logging.getLogger(__name__)


class PutBack:
    """The remediator of one of the two actions. `services` is this worker's own catalogue."""

    def __init__(self, action: Action, cluster: Cluster, services: ServiceMap, patience: Patience = PATIENT) -> None:
        self.action = action
        self._cluster = cluster
        self._services = services
        self._patience = patience

    def precheck(self, plan: Plan) -> str | None:
        """The sentence that speaks against acting now, or None. Raises Unavailable."""
        try:
            return against(plan, self._look(plan, target_of(plan, self.action, self._services)).state)
        except Rejected as refusal:
            return str(refusal)

    def intend(self, plan: Plan) -> Intent:
        """The replica set whose template will be put back. Changes nothing."""
        seen = self._look(plan, target_of(plan, self.action, self._services))
        wanted = _wanted(plan, seen)
        return Intent(digest=plan.digest, items=(_item(wanted),), before=facts(seen.state))

    def execute(self, plan: Plan, intent: Intent) -> Executed:
        """Put it back, unless it is back already, and wait for the rollout. A retry finds its own work and waits on."""
        of = target_of(plan, self.action, self._services)
        require_own(plan, intent)
        started_at = datetime.now(UTC)
        self._put_back(plan, intent, of)
        limit_s = plan.timeout_s * _ROLLOUT_SHARE
        ended = wait_for_rollout(lambda: progress(self._cluster, of), limit_s, intent, self._patience)
        after = self._look(plan, of).state
        detail = f"Revision {plan.parameters['revision']} put back as revision {after.revision}: {ended.words}."
        _log.info("%s: %s", plan.target, detail)
        return executed(started_at, intent, after, detail, complete=ended.complete)

    def _put_back(self, plan: Plan, intent: Intent, of: Deployment) -> None:
        """Read, decide, and write for the version that was read; who was faster than us makes us read again."""
        for _ in range(_TRIES):
            seen = self._look(plan, of)
            if _done(plan, intent, seen.state):
                return
            objection = against(plan, seen.state)
            if objection is not None:
                raise Rejected(f"nothing was changed: {objection}")
            wanted = _wanted(plan, seen)
            if _item(wanted) not in intent.items:
                raise Rejected(f"nothing was changed: {_item(wanted)} is not what was intended")
            try:
                self._cluster.json_patch(objects.Deployment, paths.deployment(of), _operations(plan, seen, wanted))
            except Conflict:
                continue
            return
        raise Unavailable(f"{plan.target} is changed by others all the time: nothing was changed by us")

    def _look(self, plan: Plan, of: Deployment) -> Seen:
        return look(self._cluster, of, migrations=plan.action is Action.ROLLBACK_DEPLOYMENT)


def _done(plan: Plan, intent: Intent, state: DeploymentState) -> bool:
    """Our own mark is on it, or what was intended runs already. After a write the controller may not have said so yet.

    By its name and uid, not its number: a release that comes back gets a new one.
    """
    if state.uid != plan.parameters["uid"]:
        return False
    current = state.current
    return state.digest == plan.digest or (
        current is not None and f"replicaset/{current.replica_set}@{current.uid}" in intent.items
    )


def _wanted(plan: Plan, seen: Seen) -> objects.ReplicaSet:
    wanted = plan.parameters["revision"]
    found = next((s for s in seen.sets if s.revision == wanted), None)
    if found is None:
        raise Rejected(f"revision {wanted} of {plan.target} is not kept any more")
    return found


def _item(wanted: objects.ReplicaSet) -> str:
    return f"replicaset/{wanted.metadata.name}@{wanted.metadata.uid}"


def _operations(plan: Plan, seen: Seen, wanted: objects.ReplicaSet) -> list[dict[str, object]]:
    """To replace the resource version with the one that was read is a condition: another one answers 409."""
    return [
        {"op": "replace", "path": "/metadata/resourceVersion", "value": seen.state.resource_version},
        {"op": "add", "path": "/metadata/annotations", "value": _annotations(plan, seen, wanted)},
        {"op": "replace", "path": "/spec/template", "value": _template(wanted)},
    ]


def _annotations(plan: Plan, seen: Seen, wanted: objects.ReplicaSet) -> dict[str, str]:
    """Those of the release that comes back, as kubectl does it, but for the controller's own; and our mark."""
    now, then = seen.deployment.metadata.annotations, wanted.metadata.annotations
    stay = {key: value for key, value in now.items() if key in _CONTROLLERS_OWN}
    back = {key: value for key, value in then.items() if key not in _CONTROLLERS_OWN}
    return {**stay, **back, PLAN: plan.digest, CHANGE_CAUSE: f"nightshift {plan.incident}: {plan.action}"}


def _template(wanted: objects.ReplicaSet) -> dict[str, Any]:
    """Without the hash: the controller puts its own on."""
    template = wanted.spec.template
    labels = {k: v for k, v in wanted.spec.pods.metadata.labels.items() if k != HASH}
    return {**template, "metadata": {**(template.get("metadata") or {}), "labels": labels}}
