"""Values as jsonb. PostgreSQL cannot hold the character NUL, and log lines may well contain it."""

from collections.abc import Mapping
from typing import Any, cast

from psycopg.types.json import Jsonb

from domain.model import Model

_NUL, _SHOWN = "\x00", "\N{REPLACEMENT CHARACTER}"


def document(value: Model | Mapping[str, object]) -> Jsonb:
    """A model, or plain JSON values, as a parameter of a statement."""
    return Jsonb(_clean(value.model_dump(mode="json") if isinstance(value, Model) else value))


def text(value: str) -> str:
    """A string that a text column takes."""
    return value.replace(_NUL, _SHOWN).encode("utf-8", "replace").decode("utf-8")


def _clean(value: Any) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, str):
        return text(value)
    if isinstance(value, Mapping):
        return {text(str(key)): _clean(item) for key, item in cast("Mapping[Any, Any]", value).items()}
    if isinstance(value, list | tuple):
        return [_clean(item) for item in cast("list[Any]", value)]
    return value
