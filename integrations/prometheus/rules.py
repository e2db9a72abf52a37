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
    """True: an alert with these labels fires. None: its rule is unknown, not evaluated yet, or fails.

    Labels that arrive with an alert and that the rule's alert does not carry were added on its way (external labels,
    relabelling): they do not speak against it, as long as the alert's name is asked for.
    """
    name = labels.get(_NAME)
    ours = [rule for rule in rules if name is None or rule.name == name]
    firing = [alert for rule in ours for alert in rule.alerts if alert.state == "firing"]
    if any(_is_meant(alert, labels) for alert in firing):
        return True
    return False if ours and all(rule.health == "ok" for rule in ours) else None


def _is_meant(alert: Alert, labels: Mapping[str, str]) -> bool:
    if _NAME not in labels:
        return all(alert.labels.get(key) == value for key, value in labels.items())
    return all(alert.labels.get(key, value) == value for key, value in labels.items())
