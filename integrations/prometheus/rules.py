"""Alert rules as Prometheus reports them, and whether an alert fires."""

from collections.abc import Iterable, Mapping
from typing import Literal

from pydantic import BaseModel

# `alertname` is what ties an alert to its rule; the other labels differ from alert to alert.
_NAME = "alertname"


class Alert(BaseModel):
    """One alert of a rule; `inactive` ones are not listed by Prometheus."""

    labels: dict[str, str]
    state: Literal["firing", "pending", "inactive"]


class Rule(BaseModel):
    """`health` is ok, err, or unknown before the first evaluation."""

    name: str
    health: str
    alerts: list[Alert] = []


class Group(BaseModel):
    """Rules that are evaluated together."""

    rules: list[Rule]


class RuleGroups(BaseModel):
    """The `data` of /api/v1/rules?type=alert."""

    groups: list[Group]


def fires(rules: Iterable[Rule], labels: Mapping[str, str]) -> bool | None:
    """True: an alert with these labels fires, or is about to. None: its rule is unknown, not evaluated yet, or fails.

    A *pending* alert is one whose condition holds now. Labels that arrive with an alert and that the rule's alert does
    not carry were added on its way (external labels, relabelling): they do not speak against it. Without the alert's
    name there is no rule whose silence would say anything.
    """
    ours = [rule for rule in rules if rule.name == labels.get(_NAME)]
    if any(alert.state != "inactive" and _is_meant(alert, labels) for rule in ours for alert in rule.alerts):
        return True
    return False if ours and all(rule.health == "ok" for rule in ours) else None


def _is_meant(alert: Alert, labels: Mapping[str, str]) -> bool:
    return all(alert.labels.get(key, value) == value for key, value in labels.items())
