"""The kubelet's decisions: environment, memory, readiness, restarts, and what it reports."""

import base64
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rig.kubelet.addresses import address, annotations, is_ready
from rig.kubelet.container import Backoff
from rig.kubelet.environment import ConfigError, environment, expand
from rig.kubelet.quantity import to_bytes
from rig.kubelet.status import ContainerReport, PodStatus, Running, State, Waiting, ending
from rig.servers.kube_api import Json

NOW = datetime(2026, 1, 31, 3, 7, tzinfo=UTC)
POD: Json = {"metadata": {"name": "orders-1", "namespace": "shop", "uid": "u"}, "spec": {"nodeName": "rig"}}


@pytest.mark.parametrize(
    ("quantity", "size"), [("64Mi", 64 * 2**20), ("1Gi", 2**30), ("500M", 500 * 10**6), ("1.5k", 1500), ("7", 7)]
)
def test_an_amount_of_memory_is_read(quantity: str, size: int) -> None:
    assert to_bytes(quantity) == size


@pytest.mark.parametrize("quantity", ["", "Mi", "-1Mi", "1mi", "1 Mi", "100m"])
def test_what_is_no_amount_of_memory_is_refused(quantity: str) -> None:
    with pytest.raises(ValueError, match="is not an amount of memory"):
        to_bytes(quantity)


def _read(kind: str, name: str) -> Json | None:
    secret = {"data": {"password": base64.b64encode(b"s3cret").decode()}}
    return {("Secret", "database"): secret, ("ConfigMap", "limits"): {"data": {"most": "7"}}}.get((kind, name))


def test_a_container_is_told_its_port_its_name_and_what_is_kept_elsewhere() -> None:
    env = [
        {"name": "PORT", "value": "$(PORT_HTTP)"},
        {"name": "POD", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
        {"name": "LOG", "value": "/logs/$(POD).json"},
        {"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": "database", "key": "password"}}},
        {"name": "MOST", "valueFrom": {"configMapKeyRef": {"name": "limits", "key": "most"}}},
    ]
    told = environment({"env": env}, POD, {"http": 20_001}, _read)
    assert told == {
        "PORT_HTTP": "20001", "PORT": "20001", "POD": "orders-1", "LOG": "/logs/orders-1.json",
        "PASSWORD": "s3cret", "MOST": "7",
    }  # fmt: skip


@pytest.mark.parametrize(
    "source",
    [
        {"secretKeyRef": {"name": "nobody", "key": "password"}},
        {"secretKeyRef": {"name": "database", "key": "user"}},
        {"fieldRef": {"fieldPath": "spec.dreams"}},
        {"resourceFieldRef": {"resource": "limits.cpu"}},
    ],
)
def test_what_a_container_cannot_be_told_keeps_it_from_starting(source: Json) -> None:
    with pytest.raises(ConfigError):
        environment({"env": [{"name": "X", "valueFrom": source}]}, POD, {}, _read)


def test_an_unknown_reference_stays_and_two_dollars_are_one() -> None:
    assert expand("$(A) $(B) $$(A)", {"A": "1"}) == "1 $(B) $(A)"


@given(st.text(alphabet=st.characters(exclude_characters="$")))
def test_a_text_without_a_dollar_is_left_alone(text: str) -> None:
    assert expand(text, {"A": "1"}) == text


def test_the_first_restart_is_at_once_and_later_ones_wait_twice_as_long_up_to_a_cap() -> None:
    assert [Backoff(1, 5).before(n) for n in range(1, 6)] == [0, 1, 2, 4, 5]


@pytest.mark.parametrize(
    ("code", "out_of_memory", "reason", "reported"),
    [(0, False, "Completed", 0), (3, False, "Error", 3), (-9, False, "Error", 137), (0, True, "OOMKilled", 137)],
)
def test_an_end_is_reported_as_a_shell_would(code: int, out_of_memory: bool, reason: str, reported: int) -> None:
    end = ending(code, NOW, NOW, out_of_memory=out_of_memory)
    assert (end.reason, end.exit_code) == (reason, reported)


def _container(state: State, *, ready: bool) -> ContainerReport:
    return ContainerReport("c", "image", state, None, 0, ready)


def _condition(status: Json, kind: str) -> Json:
    return next(one for one in status["conditions"] if one["type"] == kind)


def test_a_pod_is_pending_until_each_container_has_run_and_then_running_for_good() -> None:
    pod = PodStatus(NOW)
    waiting, running = Waiting("CrashLoopBackOff"), Running(NOW)
    one_waits = [_container(running, ready=True), _container(waiting, ready=False)]
    assert pod.as_json(one_waits, NOW)["phase"] == "Pending"
    assert pod.as_json([_container(running, ready=True)] * 2, NOW)["phase"] == "Running"
    assert pod.as_json(one_waits, NOW)["phase"] == "Running"


def test_a_condition_keeps_the_time_of_its_last_change() -> None:
    pod = PodStatus(NOW)
    later, much_later = NOW + timedelta(seconds=5), NOW + timedelta(seconds=9)
    pod.as_json([_container(Running(NOW), ready=False)], NOW)
    ready = pod.as_json([_container(Running(NOW), ready=True)], later)
    still = pod.as_json([_container(Running(NOW), ready=True)], much_later)
    assert _condition(still, "Ready") == _condition(ready, "Ready")
    assert _condition(ready, "Ready")["lastTransitionTime"] == "2026-01-31T03:07:05Z"
    assert _condition(still, "PodScheduled")["lastTransitionTime"] == "2026-01-31T03:07:00Z"


def test_a_pod_that_is_being_deleted_takes_no_requests() -> None:
    ready = {"conditions": [{"type": "Ready", "status": "True"}]}
    pod = {"metadata": {"annotations": annotations({"http": 20_001})}, "status": ready}
    assert is_ready(pod)
    assert address(pod, "http") == "127.0.0.1:20001"
    assert address(pod, "metrics") is None
    ending_pod = {"metadata": {"deletionTimestamp": "2026-01-31T03:07:00Z"}, "status": ready}
    assert not is_ready(ending_pod)
