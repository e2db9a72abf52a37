"""Bad release: a new release of orders is rolled out, is ready everywhere, and fails every fourth customer."""

import hashlib
import json
import time

from rig.faults.fault import FaultReport, RolloutReport, Template
from rig.servers.kube_api import Json
from rig.servers.kube_rollout import revision
from rig.shop.cluster_shop import ClusterShop
from rig.shop.releases import BROKEN, STABLE


class BadReleaseFault:
    """Rolls the broken release out as a deploy pipeline would. Nothing keeps it there: anybody can take it back."""

    scenario = "bad-release"

    def __init__(self, shop: ClusterShop) -> None:
        self._shop = shop
        self._before: Template | None = None
        self._broken: Template | None = None
        self._started_at: float | None = None

    def start(self) -> None:
        """Roll it out; returns when the rollout is complete. TimeoutError when it is not in 90 s."""
        self._before = _template(self._shop.deployment())
        self._started_at = time.time()
        self._shop.release(BROKEN)
        self._broken = _template(self._shop.deployment())

    def stop(self) -> None:
        """Roll the old release out if nobody did."""
        if self._before is not None and _template(self._shop.deployment()).digest != self._before.digest:
            self._shop.release(STABLE)

    def report(self) -> FaultReport:
        """Which template the Deployment has now, and which ReplicaSets there are."""
        if self._before is None or self._broken is None:
            return FaultReport(self.scenario, self._started_at)
        sets = tuple((int(revision(one)), one["spec"]["replicas"]) for one in self._shop.replica_sets())
        rollout = RolloutReport(self._before, self._broken, _template(self._shop.deployment()), sets)
        return FaultReport(self.scenario, self._started_at, rollout=rollout)


def _template(deployment: Json) -> Template:
    template = deployment["spec"]["template"]
    digest = hashlib.sha256(json.dumps(template, sort_keys=True).encode()).hexdigest()
    return Template(int(revision(deployment)), template["spec"]["containers"][0]["image"], digest)
