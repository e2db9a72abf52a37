"""The manifests: hardened, probed, and with what acts in one deployment only."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from config.settings import CONNECTION, Settings
from workers.registry import NAMES

FOLDER = Path(__file__).parents[2] / "deploy" / "kubernetes"
FILES = ("settings.yaml", "secrets.example.yaml", "migrate.yaml", "workers.yaml", "starter.yaml")
SETTINGS = {str(field.validation_alias) for field in Settings.model_fields.values()}
ACTS = "nightshift-remediation"


def documents() -> Iterator[dict[str, Any]]:
    for name in FILES:
        yield from yaml.safe_load_all((FOLDER / name).read_text())


def of(kind: str) -> dict[str, dict[str, Any]]:
    return {document["metadata"]["name"]: document for document in documents() if document["kind"] == kind}


PODS = {
    name: document["spec"]["template"]["spec"] for kind in ("Deployment", "Job") for name, document in of(kind).items()
}


@pytest.mark.parametrize("name", sorted(PODS))
def test_every_pod_runs_as_nobody_special_and_writes_only_where_it_must(name: str) -> None:
    pod, (container,) = PODS[name], PODS[name]["containers"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]},
    }  # fmt: skip
    assert container["resources"]["requests"].keys() == {"cpu", "memory"}
    assert "memory" in container["resources"]["limits"]
    assert ":" in container["image"]
    assert "latest" not in container["image"]


@pytest.mark.parametrize("name", sorted(of("Deployment")))
def test_every_deployment_is_probed_selects_itself_and_has_time_to_stop(name: str) -> None:
    deployment = of("Deployment")[name]
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    assert deployment["spec"]["selector"]["matchLabels"] == labels
    assert "readinessProbe" in PODS[name]["containers"][0]
    assert PODS[name]["terminationGracePeriodSeconds"] > 20


def test_each_task_queue_is_served_by_one_deployment_and_its_probe_asks_for_the_same() -> None:
    served: list[str] = []
    for pod in PODS.values():
        (container,) = pod["containers"]
        if container["args"][0] == "worker":
            served += container["args"][2].split(",")
            assert container["readinessProbe"]["exec"]["command"][-1] == container["args"][2]
    assert sorted(served) == sorted(NAMES)


def test_only_what_acts_gets_what_it_acts_with() -> None:
    holders = {
        name
        for name, pod in PODS.items()
        if any(source.get("secretRef", {}).get("name") == ACTS for source in pod["containers"][0]["envFrom"])
    }
    assert holders == {"worker-remediation"}
    accounts = {
        name: pod.get("serviceAccountName")
        for name, pod in PODS.items()
        if pod.get("automountServiceAccountToken") is not False
    }
    assert accounts == {"worker": "nightshift-watch", "worker-remediation": "nightshift-remedy"}


def test_every_process_can_open_payloads_where_they_are_encrypted() -> None:
    payload = {"name": "nightshift-payload", "optional": True}
    for name, pod in PODS.items():
        sources = [source.get("secretRef") for source in pod["containers"][0]["envFrom"]]
        assert payload in sources or "migrate" in name, name


def test_settings_and_secrets_name_variables_that_exist() -> None:
    named = {*of("ConfigMap")["nightshift"]["data"], *(key for s in of("Secret").values() for key in s["stringData"])}
    assert {name for name in named if not name.startswith(CONNECTION)} <= SETTINGS


def test_probes_of_the_starter_name_a_host_that_it_knows() -> None:
    """A pod's address is none of its names, so a probe that says nothing would be refused."""
    (container,) = PODS["starter"]["containers"]
    for probe in ("readinessProbe", "livenessProbe", "startupProbe"):
        assert container[probe]["httpGet"]["httpHeaders"] == [{"name": "Host", "value": "localhost"}]
    assert container["readinessProbe"]["httpGet"]["path"] == "/ready"
    assert container["livenessProbe"]["httpGet"]["path"] == "/health"
