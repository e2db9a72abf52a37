"""Label selectors: as a query, and whether they match. Pure."""

from collections.abc import Mapping
from typing import Any

from integrations.kubernetes.objects import Selector


def as_query(selector: Selector) -> str:
    """The `labelSelector` of a list."""
    equal = [f"{key}={value}" for key, value in sorted(selector.match_labels.items())]
    return ",".join((*equal, *(_expression(e) for e in selector.match_expressions)))


def matches(selector: Selector, labels: Mapping[str, str]) -> bool:
    """An empty selector matches everything, as Kubernetes has it."""
    return all(labels.get(key) == value for key, value in selector.match_labels.items()) and all(
        _holds(e, labels) for e in selector.match_expressions
    )


def _expression(expression: Mapping[str, Any]) -> str:
    key, values = expression["key"], ",".join(expression.get("values") or ())
    match expression["operator"]:
        case "In":
            return f"{key} in ({values})"
        case "NotIn":
            return f"{key} notin ({values})"
        case "Exists":
            return str(key)
        case _:
            return f"!{key}"


def _holds(expression: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    key, values = expression["key"], expression.get("values") or ()
    match expression["operator"]:
        case "In":
            return labels.get(key) in values
        case "NotIn":
            return labels.get(key) not in values
        case "Exists":
            return key in labels
        case _:
            return key not in labels
