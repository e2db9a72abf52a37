"""RESTART_SERVICE on a real cluster: every process is a new one, once, and the service answers all the time."""

import pytest

from domain.plan import Action
from integrations.kubernetes import Patience, Restart
from integrations.ports import Intent, Rejected
from rig.servers.kube_rollout import is_complete
from tests.adapters.deployments import eventually, runs
from tests.cluster.kube_under_care import UnderCare
from tests.fixtures.cluster import Namespace


@pytest.fixture
def care(namespace: Namespace) -> UnderCare:
    under_care = UnderCare(namespace)
    eventually("it runs", lambda: is_complete(under_care.deployed.read()))
    return under_care


def _remedy(care: UnderCare) -> Restart:
    return Restart(care.cluster, care.services, Patience(poll_s=0.1))


def test_every_process_is_replaced_by_a_new_one_of_the_same_release(care: UnderCare) -> None:
    before = {pod["metadata"]["uid"] for pod in care.deployed.pods()}
    (old,) = care.deployed.answers().values()
    remedy, plan = _remedy(care), care.plan(Action.RESTART_SERVICE)
    assert remedy.precheck(plan) is None
    done = remedy.execute(plan, remedy.intend(plan))
    assert not before & {pod["metadata"]["uid"] for pod in care.deployed.pods()}
    eventually("the old process has ended", lambda: not runs(old))
    assert (done.before["image"], done.after["image"], done.affected) == ("web:1", "web:1", 2)
    assert done.detail == "Restarted as revision 2: 2 of 2 replicas ready."


def test_the_same_order_twice_restarts_once(care: UnderCare) -> None:
    remedy, plan = _remedy(care), care.plan(Action.RESTART_SERVICE)
    intent = remedy.intend(plan)
    remedy.execute(plan, intent)
    pods = {pod["metadata"]["uid"] for pod in care.deployed.pods()}
    remedy.execute(plan, intent)
    assert {pod["metadata"]["uid"] for pod in care.deployed.pods()} == pods


def test_a_single_replica_is_not_restarted(namespace: Namespace) -> None:
    care = UnderCare(namespace, replicas=1)
    eventually("it runs", lambda: is_complete(care.deployed.read()))
    said = _remedy(care).precheck(care.plan(Action.RESTART_SERVICE))
    assert said == f"{care.deployment.target} has a single replica: a restart could be an outage"


def test_a_rollout_of_somebody_else_is_not_disturbed(care: UnderCare) -> None:
    remedy, plan = _remedy(care), care.plan(Action.RESTART_SERVICE)
    intent = remedy.intend(plan)
    care.release("2", program="import time; time.sleep(600)")
    eventually("the controller has taken it up", lambda: "was changed since" in str(remedy.precheck(plan)))
    hanging = care.plan(Action.RESTART_SERVICE)
    assert "a rollout of" in str(remedy.precheck(hanging))
    with pytest.raises(Rejected, match="nothing was restarted"):
        remedy.execute(plan, intent)


def test_an_intent_without_a_moment_is_refused(care: UnderCare) -> None:
    plan = care.plan(Action.RESTART_SERVICE)
    with pytest.raises(Rejected, match="names no moment"):
        _remedy(care).execute(plan, Intent(digest=plan.digest, items=(), before={}))
