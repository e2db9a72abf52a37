"""The documents say what the code says: every setting, field and dependency is named, with the default that holds."""

import inspect
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import pytest
from pydantic import BaseModel

from config.settings import Settings
from domain.levels import Severity
from domain.people import People, Person
from domain.policy import Escalation, Policy
from domain.services import Database, Deployment, Expression, Marker, Service, ServiceMap
from rig.demo.command import demo
from starter.cli.group import COMMANDS

PROJECT = Path(__file__).resolve().parents[2]
PLUGGED = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["entry-points"]["nightshift.commands"]
"""Commands that rig and evals bring."""
DOCUMENTS = (*sorted(PROJECT.glob("*.md")), *sorted((PROJECT / "docs").glob("*.md")))
# Hosts that a document may name: this machine, names that are reserved for examples, and public sites to read.
HOSTS = re.compile(
    r"(localhost|127\.0\.0\.1|([a-z0-9-]+\.)*example\.com|([a-z0-9-]+\.)*internal"
    r"|keepachangelog\.com|semver\.org|doi\.org|arxiv\.org|docs\.temporal\.io|www\.postgresql\.org)"
)
PLACES = re.compile(r"(?<![\w.>])/(root|work|home|tmp|Users|var/folders)/")
PLACES_IN_SERVICES: Mapping[str, type[BaseModel]] = {
    "": ServiceMap,
    "services[].": Service,
    "services[].databases[].": Database,
    "services[].deployment.": Deployment,
    "markers[].": Marker,
    "expressions[].": Expression,
}
PLACES_IN_PEOPLE: Mapping[str, type[BaseModel]] = {"": People, "people[].": Person}


def rows(document: str) -> Mapping[str, list[str]]:
    """The table rows of a document by the code in their first cell; the other cells without backticks."""
    found: dict[str, list[str]] = {}
    for line in (PROJECT / document).read_text(encoding="utf-8").splitlines():
        if name := re.match(r"\| `([^`]+)` \|", line):
            found[name[1]] = [cell.strip().replace("`", "") for cell in line.split("|")[2:-1]]
    return found


def words(value: object) -> str:
    """A default as the tables write it."""
    if value is None or value in ((), []):
        return "none"
    if isinstance(value, list | tuple):
        return ", ".join(str(item) for item in cast("list[object]", value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def fields(path: str, values: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    """Every field of a policy that is no mapping itself, by its path."""
    for name, value in values.items():
        place = f"{path}.{name}" if path else name
        if isinstance(value, dict):
            yield from fields(place, cast("dict[str, Any]", value))
        else:
            yield place, value


POLICY = dict(fields("", Policy().model_dump(mode="json", exclude={"escalation"})))
SERVICES = {f"{place}{name}": f for place, m in PLACES_IN_SERVICES.items() for name, f in m.model_fields.items()}
PEOPLE = {f"{place}{name}": f for place, m in PLACES_IN_PEOPLE.items() for name, f in m.model_fields.items()}
SETTINGS = {str(f.validation_alias): f for f in Settings.model_fields.values()}
CONFIGURATION = rows("docs/configuration.md")


@pytest.mark.parametrize("variable", sorted(SETTINGS.keys() - {"connections"}))
def test_every_setting_stands_in_the_configuration_with_its_default(variable: str) -> None:
    default = SETTINGS[variable].get_default()
    assert CONFIGURATION[variable][0] == ("unset" if default in (None, {}, ()) else str(default))


def test_named_connections_stand_in_the_configuration() -> None:
    assert "NIGHTSHIFT_CONNECTION_<NAME>" in CONFIGURATION


@pytest.mark.parametrize("path", sorted(POLICY))
def test_every_field_of_the_policy_stands_in_the_configuration_with_its_default(path: str) -> None:
    assert CONFIGURATION[path][0] == words(POLICY[path])


@pytest.mark.parametrize("name", sorted(Escalation.model_fields))
def test_the_escalation_table_stands_in_the_configuration(name: str) -> None:
    table = Policy().escalation.model_dump(mode="json")
    assert CONFIGURATION[name][:4] == [words(table[severity][name]) for severity in reversed(Severity)]


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_every_field_of_the_services_stands_in_the_configuration_with_its_default(name: str) -> None:
    field, said = SERVICES[name], CONFIGURATION[name][0]
    if name == "expressions":
        assert said == "the defaults"  # config.services puts them in
    elif field.is_required():
        assert said == "required"
    else:
        assert said.lower() == words(field.get_default()).lower()


@pytest.mark.parametrize("name", sorted(PEOPLE))
def test_every_field_of_the_people_stands_in_the_configuration_with_its_default(name: str) -> None:
    field = PEOPLE[name]
    assert CONFIGURATION[name][0] == ("required" if field.is_required() else words(field.get_default()))


def test_no_variable_or_field_stands_in_the_configuration_that_the_code_does_not_know() -> None:
    known = {*SETTINGS, *POLICY, *Escalation.model_fields, *SERVICES, *PEOPLE}
    code = "\n".join(path.read_text(encoding="utf-8") for path in (PROJECT / "rig").rglob("*.py"))
    unknown = [name for name in CONFIGURATION if name not in known and f'"{name}"' not in code]
    assert unknown == ["NIGHTSHIFT_CONNECTION_<NAME>"]


def test_every_dependency_stands_in_the_list_of_dependencies_and_no_other() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    groups = [project["dependencies"], *project["optional-dependencies"].values()]
    wanted = {re.split(r"[^A-Za-z0-9_-]", line)[0] for group in groups for line in group}
    assert rows("docs/dependencies.md").keys() == wanted


@pytest.mark.parametrize("option", list(inspect.signature(demo).parameters))
def test_every_option_of_the_demo_stands_in_the_readme(option: str) -> None:
    assert f"--{option.replace('_', '-')}" in (PROJECT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_a_document_names_no_place_of_one_machine(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    assert "../shared" not in text
    assert PLACES.findall(text) == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_a_document_names_no_host_but_known_ones(document: Path) -> None:
    """So that the address of a registry or of somebody's mirror never gets in with a copied line."""
    hosts = re.findall(r"https?://(?:[^/@\s]*@)?([\w.-]+)", document.read_text(encoding="utf-8"))
    assert [host for host in hosts if not HOSTS.fullmatch(host)] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_a_link_to_a_file_leads_somewhere(document: Path) -> None:
    links = re.findall(r"(?<!!)\[[^\]]*\]\(([^)#:]+)(?:#[^)]*)?\)", document.read_text(encoding="utf-8"))
    assert [link for link in links if not (document.parent / link).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_a_document_names_no_command_that_does_not_exist(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    named = set(re.findall(r"(?:`|^ *)nightshift ([a-z][a-z-]*)", text, re.M))
    assert named <= {*COMMANDS, *PLUGGED}
