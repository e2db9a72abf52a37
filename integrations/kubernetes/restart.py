"""RESTART_SERVICE: a rolling restart by the annotation that kubectl's rollout restart uses."""

import logging
from datetime import UTC, datetime

from domain.deployment import DeploymentState
from domain.incident import Executed
from domain.plan import Action, Plan
from domain.services import Deployment, ServiceMap
from integrations.kubernetes import objects, paths
from integrations.kubernetes.connection import Cluster
from integrations.kubernetes.objects import CHANGE_CAUSE, PLAN, RESTARTED_AT
from integrations.kubernetes.reading import look, progress
from integrations.kubernetes.refusals import Conflict
from integrations.kubernetes.rollout import PATIENT, Patience, wait_for_rollout
from integrations.kubernetes.target import against, executed, facts, require_own, target_of
from integrations.ports import Intent, Rejected, Unavailable

_TRIES = 5
_ROLLOUT_SHARE = 0.8
_ITEM = f"{RESTARTED_AT}="
_log = logging.getLogger(__name__)


class Restart:
    """The remediator. `services` is this worker's own catalogue."""

    action = Action.RESTART_SERVICE

    def __init__(self, cluster: Cluster, services: ServiceMap, patience: Patience = PATIENT) -> None:
        self._cluster = cluster
        self._services = services
        self._patience = patience

    def precheck(self, plan: Plan) -> str | None:
        """The sentence that speaks against acting now, or None. Raises Unavailable."""
        try:
            return against(plan, self._look(target_of(plan, self.action, self._services)))
        except Rejected as refusal:
            return str(refusal)

    def intend(self, plan: Plan) -> Intent:
        """The annotation that will be set: a retry sets the same, which restarts nothing more."""
        state = self._look(target_of(plan, self.action, self._services))
        return Intent(digest=plan.digest, items=(f"{_ITEM}{state.at:%Y-%m-%dT%H:%M:%SZ}",), before=facts(state))

    def execute(self, plan: Plan, intent: Intent) -> Executed:
        """Restart once, and wait for the rollout. A retry finds its own work and waits on."""
        of = target_of(plan, self.action, self._services)
        require_own(plan, intent)
        started_at = datetime.now(UTC)
        self._restart(plan, _moment(intent), of)
        limit_s = plan.timeout_s * _ROLLOUT_SHARE
        ended = wait_for_rollout(lambda: progress(self._cluster, of), limit_s, intent, self._patience)
        after = self._look(of)
        detail = f"Restarted as revision {after.revision}: {ended.words}."
        _log.info("%s: %s", plan.target, detail)
        return executed(started_at, intent, after, detail, complete=ended.complete)

    def _restart(self, plan: Plan, moment: str, of: Deployment) -> None:
        for _ in range(_TRIES):
            state = self._look(of)
            if state.uid == plan.parameters["uid"] and moment == state.restarted_at:
                return
            objection = against(plan, state)
            if objection is not None:
                raise Rejected(f"nothing was restarted: {objection}")
            try:
                self._cluster.patch(objects.Deployment, paths.deployment(of), _change(plan, moment, state))
            except Conflict:
                continue
            return
        raise Unavailable(f"{plan.target} is changed by others all the time: nothing was restarted by us")

    def _look(self, of: Deployment) -> DeploymentState:
        return look(self._cluster, of, migrations=False).state


def _moment(intent: Intent) -> str:
    moments = [item.removeprefix(_ITEM) for item in intent.items if item.startswith(_ITEM)]
    if len(moments) != 1:
        raise Rejected(f"intent: {', '.join(intent.items)!r} names no moment of a restart")
    return moments[0]


def _change(plan: Plan, moment: str, state: DeploymentState) -> dict[str, object]:
    """A merge patch with the version that was read is taken for that version only."""
    return {
        "metadata": {
            "resourceVersion": state.resource_version,
            "annotations": {PLAN: plan.digest, CHANGE_CAUSE: f"nightshift {plan.incident}: {plan.action}"},
        },
        "spec": {"template": {"metadata": {"annotations": {RESTARTED_AT: moment}}}},
    }
