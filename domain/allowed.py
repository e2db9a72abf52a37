"""The allow-list: which targets may be acted on. Pure; a whole namespace is the only wildcard that it knows."""

from collections.abc import Iterable

_WHOLE = "/*"
_DEPLOYMENT = "deployment/"
_PARTS = 3


def allows(entries: Iterable[str], target: str) -> bool:
    """Is the target listed by its name, or as a deployment of a namespace that is listed as `deployment/<namespace>/*`?

    A target that holds a star names nothing, so it is never allowed.
    """
    return "*" not in target and any(entry == target or _in_namespace(entry, target) for entry in entries)


def problem(entry: str) -> str | None:
    """What is wrong with an entry, None when nothing is. A star elsewhere would look like more than it does."""
    if "*" not in entry or whole_namespace(entry) is not None:
        return None
    return f"{entry!r} has a star; only a whole namespace may be named, as 'deployment/<namespace>/*'"


def whole_namespace(entry: str) -> str | None:
    """The namespace of `deployment/<namespace>/*`, None for every other entry."""
    parts = entry.split("/")
    if len(parts) != _PARTS or not entry.startswith(_DEPLOYMENT) or not entry.endswith(_WHOLE):
        return None
    namespace = parts[1]
    return namespace if namespace and "*" not in namespace else None


def _in_namespace(entry: str, target: str) -> bool:
    namespace = whole_namespace(entry)
    if namespace is None:
        return False
    place, name = f"{_DEPLOYMENT}{namespace}/", target.removeprefix(f"{_DEPLOYMENT}{namespace}/")
    return target.startswith(place) and bool(name) and "/" not in name
