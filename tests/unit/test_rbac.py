"""The manifests give what the code says that it needs, and nothing else."""

import pytest

from domain.catalogue import CATALOGUE
from integrations.kubernetes.changes import RIGHTS
from tests.rbac import declared, granted, manifests, of_kind

WATCH = declared(RIGHTS)
REMEDY = declared(right for entry in CATALOGUE for right in entry.rights)


@pytest.mark.parametrize(("name", "rights"), [("nightshift-watch", WATCH), ("nightshift-remedy", REMEDY)])
def test_a_role_has_exactly_the_verbs_that_are_declared(name: str, rights: set[tuple[str, str, str]]) -> None:
    assert granted(of_kind("ClusterRole", name)["rules"]) == rights


def test_what_looks_cannot_write() -> None:
    assert {verb for _, _, verb in WATCH} == {"get", "list"}


def test_what_acts_writes_deployments_only_and_deletes_nothing() -> None:
    written = {(group, resource, verb) for group, resource, verb in REMEDY if verb not in {"get", "list"}}
    assert written == {("apps", "deployments", "patch")}


def test_nobody_reads_secrets() -> None:
    assert "secrets" not in {resource for _, resource, _ in WATCH | REMEDY}


def test_nothing_is_bound_in_the_whole_cluster() -> None:
    kinds = {manifest["kind"] for manifest in manifests()}
    assert kinds == {"ServiceAccount", "ClusterRole", "RoleBinding"}


@pytest.mark.parametrize("name", ["nightshift-watch", "nightshift-remedy"])
def test_each_account_is_bound_to_the_role_of_its_name(name: str) -> None:
    bound = of_kind("RoleBinding", name)
    assert (bound["roleRef"]["kind"], bound["roleRef"]["name"]) == ("ClusterRole", name)
    assert [subject["name"] for subject in bound["subjects"]] == [name]
    assert of_kind("ServiceAccount", name)
