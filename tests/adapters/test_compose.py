"""The Compose file, as Compose itself reads it: pinned, healthy or one-shot, on loopback, with settings that exist.

There is no container engine here: that the images start is not tested, only that the file says what we mean.
"""

import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from config.settings import CONNECTION, Settings
from rig.obtain import compose
from rig.obtain.missing import Missing
from workers.registry import NAMES

PROJECT = Path(__file__).parents[2]
FOLDER = PROJECT / "deploy" / "compose"
ONE_SHOT = {"temporal-schema", "temporal-namespace", "migrate"}
OURS = {"migrate", "worker", "worker-remediation", "starter"}
# Their entry points begin as root, to take over a volume, and go on as their own account.
BEGIN_AS_ROOT = {"postgres", "elasticsearch"}
# Their images name an account that is not root, and write beside their volumes; seen in their Dockerfiles.
OWN_ACCOUNT = {"temporal", "temporal-ui", "temporal-schema", "temporal-namespace"}
SETTINGS = {str(field.validation_alias) for field in Settings.model_fields.values()}


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Any]:
    """The services, with everything interpolated and merged by compose-go."""
    try:
        program = compose.obtain()
    except Missing as missing:
        pytest.skip(str(missing))
    folder = tmp_path_factory.mktemp("compose")
    (folder / "docker-compose.yml").write_text(filled((PROJECT / "docker-compose.yml").read_text()))
    shutil.copytree(FOLDER, folder / "deploy" / "compose")
    done = subprocess.run([program, "docker-compose.yml"], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return yaml.safe_load(done.stdout)["services"]


def filled(text: str) -> str:
    """The file with a value where one is required: compose-go's command reads no environment."""
    return re.sub(r"\$\{[A-Z_]+:\?[^}]*\}", "a-value-of-more-than-16-characters", text)


def variables(example: Path) -> set[str]:
    return set(re.findall(r"^#?([A-Z][A-Z_]+)=", example.read_text(), re.M))


def test_every_image_is_pinned_to_a_version(services: Mapping[str, Any]) -> None:
    images = {name: service["image"] for name, service in services.items()}
    loose = {name: image for name, image in images.items() if not re.search(r":v?\d+\.\d+\.\d+", image)}
    assert loose == {}


def test_every_service_has_a_healthcheck_or_ends_by_itself(services: Mapping[str, Any]) -> None:
    without = {name for name, s in services.items() if not s.get("healthcheck", {"disable": True}).get("test")}
    assert without == ONE_SHOT
    assert {services[name]["restart"].partition(":")[0] for name in ONE_SHOT} == {"on-failure"}
    assert {s["restart"] for name, s in services.items() if name not in ONE_SHOT} == {"unless-stopped"}


def test_every_port_is_bound_to_loopback(services: Mapping[str, Any]) -> None:
    bound = [(name, port) for name, service in services.items() for port in service.get("ports", [])]
    assert bound
    assert [entry for entry in bound if entry[1].get("host_ip") != "127.0.0.1"] == []


def test_what_is_waited_for_is_healthy_or_has_ended_well(services: Mapping[str, Any]) -> None:
    for service in services.values():
        for name, wait in service.get("depends_on", {}).items():
            wanted = "service_completed_successfully" if name in ONE_SHOT else "service_healthy"
            assert wait["condition"] == wanted


def test_nothing_may_gain_rights_and_ours_write_only_where_they_must(services: Mapping[str, Any]) -> None:
    for name, service in services.items():
        assert "no-new-privileges:true" in service["security_opt"], name
        assert service.get("cap_drop") == ["ALL"] or name in BEGIN_AS_ROOT, name
        assert service.get("read_only") or name in BEGIN_AS_ROOT | OWN_ACCOUNT, name
        assert not service.get("privileged"), name


def settings_of(service: Mapping[str, Any]) -> Iterator[str]:
    yield from service["environment"]


@pytest.mark.parametrize("name", sorted(OURS))
def test_our_containers_use_settings_that_exist(services: Mapping[str, Any], name: str) -> None:
    assert set(settings_of(services[name])) <= SETTINGS


@pytest.mark.parametrize("example", ["nightshift.env.example", "remediation.env.example"])
def test_the_examples_of_settings_name_settings_that_exist(example: str) -> None:
    named = variables(FOLDER / example)
    assert named
    assert {name for name in named if not name.startswith(CONNECTION)} <= SETTINGS


def test_the_example_of_the_environment_names_every_variable_of_the_file_and_no_other() -> None:
    used = set(re.findall(r"\$\{([A-Z_]+)", (PROJECT / "docker-compose.yml").read_text()))
    assert variables(FOLDER / "env.example") == used


def test_without_a_value_compose_refuses_and_says_where_to_set_it(tmp_path: Path) -> None:
    shutil.copy(PROJECT / "docker-compose.yml", tmp_path)
    done = subprocess.run(
        [compose.obtain(), "docker-compose.yml"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    required = re.findall(r"^([A-Z_]+)=$", (FOLDER / "env.example").read_text(), re.M)
    for name in required:
        assert f"required variable {name} is missing a value: set it in deploy/compose/env" in done.stderr


def test_each_task_queue_is_served_once_and_what_acts_is_apart(services: Mapping[str, Any]) -> None:
    commands = {name: s["command"] for name, s in services.items() if s.get("command", [""])[0] == "worker"}
    served = {name: command[2].split(",") for name, command in commands.items()}
    assert sorted(queue for queues in served.values() for queue in queues) == sorted(NAMES)
    assert served["worker-remediation"] == ["remediation"]
    for name, command in commands.items():
        assert services[name]["healthcheck"]["test"][-2:] == command[-2:]


def test_files_that_are_mounted_are_there() -> None:
    mounted = re.findall(r"\./(deploy/[\w./-]+):", (PROJECT / "docker-compose.yml").read_text())
    assert mounted
    assert [path for path in mounted if not (PROJECT / path).exists()] == []


@pytest.mark.parametrize("script", sorted(FOLDER.glob("*.sh")), ids=lambda path: path.name)
def test_the_shell_takes_the_scripts(script: Path) -> None:
    subprocess.run(["sh", "-n", script], check=True)


def test_the_image_runs_as_nobody_special_from_locked_packages() -> None:
    text = (PROJECT / "Dockerfile").read_text()
    stages = text.split("\nFROM ")[1:]
    assert len(stages) == 2
    assert all(re.search(r"python:3\.11\.\d+-slim-bookworm", stage) for stage in stages)
    assert "--require-hashes --only-binary :all: -r requirements/product.txt" in stages[0]
    assert "USER 10001:10001" in stages[1]
    assert "HEALTHCHECK" in stages[1]
    assert "COPY --from=build /opt/nightshift /opt/nightshift" in stages[1]
    assert "requirements" not in stages[1]


def test_the_image_gets_every_room_of_the_product_and_nothing_else() -> None:
    copied = set(re.findall(r"^COPY (\w+) \1$", (PROJECT / "Dockerfile").read_text(), re.M))
    packages = re.findall(r"packages = \[(.*?)\]", (PROJECT / "pyproject.toml").read_text(), re.S)[0]
    assert copied == set(re.findall(r"\w+", packages))
    let_in = set(re.findall(r"^!(\w+)/$", (PROJECT / ".dockerignore").read_text(), re.M))
    assert let_in == copied | {"requirements"}
