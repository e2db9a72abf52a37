"""YAML files, read as YAML 1.2's core schema and checked against a model."""

import re
from collections.abc import Hashable
from pathlib import Path
from typing import Any, TypeVar, cast

import yaml
from pydantic import ValidationError

from config.errors import ConfigError, field_path, problems, sentence, shown
from domain.model import Model

M = TypeVar("M", bound=Model)
_OTHER_SPELLINGS = ("int", "float", "bool", "timestamp")


class _Loader(yaml.SafeLoader):
    """Without YAML 1.1's surprises: 17:00 is no number (1020), `no` is no boolean, a date is text, a key is unique."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:  # noqa: FBT001, FBT002 - as PyYAML calls it
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.constructor.ConstructorError(None, None, f"{key.value!r} stands here twice", key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


_CORE = {
    "bool": (re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), "tTfF"),
    "int": (re.compile(r"^[-+]?(?:0|[1-9][0-9]*)$"), "-+0123456789"),
    "float": (re.compile(r"^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$"), "-+.0123456789"),
}


def _resolvers() -> dict[str, list[tuple[str, re.Pattern[str]]]]:
    """By first character, the tags that plain text may stand for, each with its pattern; the first match counts."""
    known: dict[str, list[tuple[str, re.Pattern[str]]]] = yaml.SafeLoader.yaml_implicit_resolvers
    kept = {first: [r for r in known[first] if r[0].rsplit(":", 1)[1] not in _OTHER_SPELLINGS] for first in known}
    for name, (pattern, firsts) in _CORE.items():
        for first in firsts:
            kept.setdefault(first, []).append((f"tag:yaml.org,2002:{name}", pattern))
    return kept


_Loader.yaml_implicit_resolvers = _resolvers()


def read_mapping(path: Path) -> dict[str, Any]:
    """The file's fields; an empty file has none. Raises ConfigError with the file's name."""
    try:
        content: object = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506 - a SafeLoader
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: is not UTF-8 text") from None
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}: is not YAML: {' '.join(str(error).split())}") from None
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise ConfigError(f"{path}: holds a {type(content).__name__}, not fields")
    return cast("dict[str, Any]", content)


def checked(model: type[M], content: dict[str, Any], path: Path) -> M:
    """The content as a model. Raises ConfigError with file, field and value, a line for each problem."""
    try:
        return model.model_validate(content)
    except ValidationError as error:
        raise ConfigError("\n".join(_line(path, error, number) for number in range(error.error_count()))) from None


def _line(path: Path, error: ValidationError, number: int) -> str:
    detail = problems(error)[number]
    place = field_path(detail)
    if detail["type"] in {"value_error", "missing"}:
        return ": ".join(filter(None, (str(path), place, sentence(detail))))
    return f"{path}: {place}: {shown(detail['input'])}: {sentence(detail)}"
