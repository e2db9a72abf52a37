"""A deployment as prechecks see it, whole and well: a test changes only what it is about."""

from typing import Any

from domain.catalogue import entry_of
from domain.deployment import DeploymentState, Revision
from domain.finding import Category
from domain.plan import Action, Plan
from tests.unit.domain.examples import INCIDENT, NOW, minutes

TARGET = "deployment/shop/orders"


def revision(number: int, **changes: Any) -> Revision:
    fields: dict[str, Any] = {
        "number": number, "template_hash": f"hash{number}", "replica_set": f"orders-hash{number}", "uid": f"rs{number}",
        "image": f"orders:{number}", "fingerprint": f"print{number}", "created_at": NOW - minutes(100 - 10 * number),
    }  # fmt: skip
    return Revision.model_validate({**fields, **changes})


def state(**changes: Any) -> DeploymentState:
    """Revision 8 runs on four replicas since 20 minutes; 7 and 6 are kept."""
    fields: dict[str, Any] = {
        "at": NOW, "target": TARGET, "uid": "u1", "resource_version": "1", "settled": True, "replicas": 4, "total": 4,
        "updated": 4, "ready": 4, "available": 4, "revision": 8, "revisions": (revision(8), revision(7), revision(6)),
    }  # fmt: skip
    return DeploymentState.model_validate({**fields, **changes})


def plan(action: Action = Action.ROLLBACK_DEPLOYMENT, **parameters: str | int | float) -> Plan:
    """Back to revision 7, as the catalogue would plan it for `state`."""
    entry = entry_of(action)
    values: dict[str, str | int | float] = {
        "uid": "u1", "from_revision": 8, "from_template_hash": "hash8", "revision": 7, "revisions": "7,6",
        "from_fingerprint": "print8", "releases": "7:print7,6:print6",
        "released_at": (NOW - minutes(20)).isoformat(), "released_within_s": 3600.0,
    }  # fmt: skip
    return Plan(
        incident=INCIDENT, attempt=1, action=action, service="orders", category=Category.BAD_DEPLOYMENT, target=TARGET,
        parameters={**values, **parameters}, risk=entry.risk, sentence="Do it.", expected_effect="it works",
        undo=entry.undo, timeout_s=entry.timeout_s,
    )  # fmt: skip
