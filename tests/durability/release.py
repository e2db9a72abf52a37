"""A service on the cluster: its new release keeps every connection that it takes, and is put back when a test lets it.

Its program is a real one on the rig's kubelet, and real controllers roll it out. What is measured of it is what is
measured of all others: whether one can connect to its database.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from evals.chaos.patients import REPORT_ROLE, SESSIONS, Patient
from integrations.kubernetes.objects import PLAN
from rig.servers.kube_api import Json, path_to
from rig.servers.kube_rollout import is_complete, revision
from rig.servers.kubernetes import KubernetesServer
from rig.servers.waiting import wait_until
from tests.adapters.deployments import NAME, WEB, Deployed, container, deployment
from tests.fixtures.cluster import Namespace

REPLICAS = 2
GOOD, BAD = "1", "2"
BUG = "AttributeError: 'Connection' object has no attribute 'give_back'"
"""What the bad release logs; so it keeps what it should have given back."""
_ROLLED_OUT_S = 120.0
_NEVER_LATE_S = 1800
_PLAIN_S = 12.0
"""Metrics are asked for in steps of 5 s, and the middle of them counts: after two of them it is plain."""
_KEEPS = """
import os, time
import psycopg
kept = []
while len(kept) < int(os.environ["KEEPS"]):
    try:
        kept.append(psycopg.connect(os.environ["DATABASE"], autocommit=True))
    except psycopg.OperationalError:  # somebody is just measuring, by connecting
        time.sleep(0.05)
        continue
    try:
        kept[-1].give_back()
    except AttributeError as error:
        print(repr(error), flush=True)
"""


class Release:
    """The deployment of a patient's service, in a namespace of its own."""

    def __init__(self, cluster: KubernetesServer, patient: Patient, folder: Path) -> None:
        self._namespace = Namespace(patient.service, cluster)
        self._patient = patient
        self._may_be_ready = folder / f"{patient.service}-may-be-ready"

    def fall_ill(self) -> None:
        """The good release runs, then the bad one, for long enough to show. Until `let_through`, no pod of the good one
        gets ready again.

        TimeoutError when the controllers take minutes.
        """
        self._namespace.api.create(path_to("Namespace"), {"metadata": {"name": self._namespace.name}})
        self._may_be_ready.touch()
        deployed = Deployed(self._namespace, self._manifest(GOOD, WEB, READY_FILE=str(self._may_be_ready)))
        self._until("the good release runs", lambda: is_complete(deployed.read()))
        self._may_be_ready.unlink()
        keeps = {
            "DATABASE": self._patient.postgres.url(self._patient.database, REPORT_ROLE),
            "KEEPS": str(SESSIONS // REPLICAS),
        }
        deployed.change(self._manifest(BAD, _KEEPS + WEB, **keeps))
        self._until("the bad release runs", lambda: is_complete(deployed.read()) and self._patient.refuses())
        self._patient.ill_since = datetime.now(UTC)
        time.sleep(_PLAIN_S)

    def let_through(self) -> None:
        """From now on pods of the good release get ready."""
        self._may_be_ready.touch()

    def half_way(self) -> bool:
        """The API server has taken our change, the first new pod is there, and the rollout cannot come to its end."""
        read = self.read()
        taken = PLAN in read["metadata"]["annotations"]
        seen = read["status"].get("observedGeneration", 0) >= read["metadata"]["generation"]
        return taken and seen and 0 < read["status"].get("updatedReplicas", 0) < REPLICAS

    def read(self) -> Json:
        """The deployment as it stands."""
        return self._namespace.api.get(path_to("Deployment", self._namespace.name, NAME))

    def sets(self) -> list[tuple[str, str, int]]:
        """Of each replica set: its revision, its image, how many pods it is to have; by revision."""
        found = self._namespace.api.get(path_to("ReplicaSet", self._namespace.name))["items"]
        images = [one["spec"]["template"]["spec"]["containers"][0]["image"] for one in found]
        return sorted((revision(one), image, one["spec"]["replicas"]) for one, image in zip(found, images, strict=True))

    def _manifest(self, version: str, program: str, **env: str) -> Json:
        one = container(program, {"VERSION": version, **env}, image=f"{NAME}:{version}")
        return deployment(self._namespace, one, replicas=REPLICAS, deadline=_NEVER_LATE_S)

    def _until(self, what: str, holds: Callable[[], bool]) -> None:
        wait_until(f"{self._namespace.name}: {what}", holds, _ROLLED_OUT_S)
