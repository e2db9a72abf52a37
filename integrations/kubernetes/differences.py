"""What differs between two pod templates, by the names of the fields. Values are not told: they may be secret."""

from collections.abc import Iterator, Mapping
from typing import Any, cast

from integrations.kubernetes.objects import HASH, RESTARTED_AT

MOST_FIELDS = 10
_OWN = f"metadata.labels.{HASH}"
RESTART_ONLY = (f"metadata.annotations.{RESTARTED_AT}",)


def changed_fields(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[str, ...]:
    """Paths such as `containers[orders].env[LIMIT]`, in order; `spec.` is left out. Empty: the same template."""
    then, now = dict(_leaves("", before)), dict(_leaves("", after))
    differ = {path for path in then.keys() | now.keys() if then.get(path) != now.get(path) and path != _OWN}
    return tuple(dict.fromkeys(_shown(path) for path in sorted(differ)))


def config_maps(template: Mapping[str, Any]) -> tuple[str, ...]:
    """Names of the config maps that the pods read: volumes, whole environments, single variables."""
    return tuple(sorted(set(_named(template.get("spec")))))


def _named(part: Any) -> Iterator[str]:  # noqa: ANN401 - untrusted
    if isinstance(part, list):
        for item in cast("list[Any]", part):
            yield from _named(item)
    if not isinstance(part, dict):
        return
    for key, value in cast("dict[str, Any]", part).items():
        if key in {"configMap", "configMapRef", "configMapKeyRef"} and isinstance(value, dict):
            yield str(cast("dict[str, Any]", value).get("name", ""))
        else:
            yield from _named(value)


def _leaves(path: str, part: Any) -> Iterator[tuple[str, Any]]:  # noqa: ANN401 - untrusted
    """Path and value of everything that is no mapping; lists of named things by their names."""
    if isinstance(part, dict):
        for key, value in cast("dict[str, Any]", part).items():
            yield from _leaves(f"{path}.{key}" if path else key, value)
    elif isinstance(part, list) and _all_named(cast("list[Any]", part)):
        for item in cast("list[dict[str, Any]]", part):
            yield from _leaves(f"{path}[{item['name']}]", {k: v for k, v in item.items() if k != "name"} or {"": ""})
    else:
        yield path, part


def _all_named(items: list[Any]) -> bool:
    return bool(items) and all(isinstance(item, dict) and "name" in item for item in items)


def _shown(path: str) -> str:
    """Of a variable only its name: `env[LIMIT].value` and `env[LIMIT].valueFrom...` are the variable LIMIT."""
    said = path.removeprefix("spec.").rstrip(".")
    head, found, tail = said.partition(".env[")
    return f"{head}.env[{tail.partition(']')[0]}]" if found else said
