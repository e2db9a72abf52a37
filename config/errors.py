"""What is wrong with the configuration, in one line per problem."""

from pydantic import ValidationError
from pydantic_core import ErrorDetails

_LONGEST_VALUE = 80


class ConfigError(Exception):
    """The configuration cannot be used. The text names each variable or field, with its value unless it is secret."""


def shown(value: object) -> str:
    """A value as an error message shows it."""
    text = repr(value)
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}..."


def sentence(detail: ErrorDetails) -> str:
    """What is wrong, in words for people who do not know pydantic."""
    if detail["type"] == "extra_forbidden":
        return "there is no such field"
    return detail["msg"].removeprefix("Value error, ")


def field_path(detail: ErrorDetails) -> str:
    """The place of a problem, such as `escalation.HIGH.tier` or `services[2].name`."""
    path = ""
    for part in detail["loc"]:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else part
    return path


def problems(error: ValidationError) -> list[ErrorDetails]:
    """All problems, without links to pydantic's own manual."""
    return error.errors(include_url=False, include_context=False)
