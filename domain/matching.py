"""Alertmanager's matchers: which labels are meant, in its own words and with its own semantics.

`=` and `!=` compare, `=~` and `!~` are regular expressions over the whole value. A label that is not there counts as
empty, so `!=` and `!~` match it (prometheus/alertmanager, `pkg/labels/matcher.go`). The expressions are RE2's, as in
Alertmanager: whoever writes one cannot make it take for ever.
"""

import re
from collections.abc import Mapping
from enum import StrEnum
from functools import lru_cache
from typing import Any, Protocol, Self, cast

import re2
from pydantic import Field, model_validator

from domain.model import Model

_FORM = re.compile(r"\s*([a-zA-Z_:][a-zA-Z0-9_:]*)\s*(=~|!~|!=|=)\s*(.*?)\s*", re.S)
_ESCAPES = {"\\\\": "\\", '\\"': '"', "\\n": "\n"}
_LONGEST = 1_000


class Comparison(StrEnum):
    """How a label's value is compared."""

    EQUAL = "="
    DIFFERS = "!="
    FITS = "=~"
    FITS_NOT = "!~"


class _Pattern(Protocol):
    def fullmatch(self, text: str) -> object: ...


class Matcher(Model):
    """One condition on one label."""

    name: str = Field(min_length=1, max_length=_LONGEST)
    comparison: Comparison
    value: str = Field(max_length=_LONGEST)

    @model_validator(mode="after")
    def _is_an_expression(self) -> Self:
        if self.comparison in {Comparison.FITS, Comparison.FITS_NOT}:
            _pattern(self.value)
        return self

    def matches(self, labels: Mapping[str, str]) -> bool:
        value = labels.get(self.name, "")
        match self.comparison:
            case Comparison.EQUAL:
                return value == self.value
            case Comparison.DIFFERS:
                return value != self.value
            case Comparison.FITS:
                return _pattern(self.value).fullmatch(value) is not None
            case Comparison.FITS_NOT:
                return _pattern(self.value).fullmatch(value) is None

    def __str__(self) -> str:
        said = self.value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        return f'{self.name}{self.comparison}"{said}"'


def read_matcher(text: str) -> Matcher:
    """A matcher as people type it: `severity="low"`, `severity=low`, `alertname=~"Disk.*|Inode.*"`.

    Raises ValueError, which names the text, or the expression that is none.
    """
    found = _FORM.fullmatch(text)
    if found is None:
        raise ValueError(f'{text[:80]!r} is not a matcher such as severity="low", or alertname=~"Disk.*"')
    name, comparison, value = found.groups()
    return Matcher(name=name, comparison=Comparison(comparison), value=_unquoted(value, text))


def _unquoted(value: str, text: str) -> str:
    if not value.startswith('"'):
        return value
    inner = re.fullmatch(r'"((?:[^"\\]|\\.)*)"', value, re.S)
    if inner is None:
        raise ValueError(f"{text[:80]!r}: its quotes do not end")
    return re.sub(r"\\[\\\"n]", lambda escape: _ESCAPES[escape[0]], inner[1])


@lru_cache(maxsize=1_000)
def _pattern(value: str) -> _Pattern:
    """Raises ValueError, which names the expression."""
    # The package has no types.
    package = cast("Any", re2)
    options = package.Options()
    options.log_errors = False
    try:
        return package.compile(value, options)
    except package.error as error:
        why = error.args[0] if error.args else ""
        said = why.decode(errors="replace") if isinstance(why, bytes) else str(why)
        raise ValueError(f"{value[:80]!r} is not a regular expression: {said[:200]}") from None
