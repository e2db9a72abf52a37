"""The manifests of deploy/kubernetes/rbac.yaml, and rights as triples that can be compared."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from domain.rights import Right

FILE = Path(__file__).resolve().parents[1] / "deploy" / "kubernetes" / "rbac.yaml"
Triple = tuple[str, str, str]
"""API group, resource, verb."""


def manifests() -> Sequence[dict[str, Any]]:
    return list(yaml.safe_load_all(FILE.read_text(encoding="utf-8")))


def of_kind(kind: str, name: str) -> dict[str, Any]:
    return next(m for m in manifests() if (m["kind"], m["metadata"]["name"]) == (kind, name))


def declared(rights: Iterable[Right]) -> set[Triple]:
    return {(right.group, right.resource, verb) for right in rights for verb in right.verbs}


def granted(rules: Iterable[Mapping[str, Any]]) -> set[Triple]:
    """Of a role's rules, or of a review's."""
    return {
        (group, resource, verb)
        for rule in rules
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }
