"""Lengths of time as people type them: 90s, 30m, 1h, 2d."""

import re
from datetime import timedelta

import typer

_FORM = re.compile(r"^(\d{1,6})(s|m|h|d)$")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def duration(text: str) -> timedelta:
    """The length of time. Raises typer.BadParameter for another form."""
    match = _FORM.match(text.strip().lower())
    if match is None:
        raise typer.BadParameter(f"{text!r} is not a length of time such as 90s, 30m, 1h or 2d")
    return timedelta(seconds=int(match[1]) * _SECONDS[match[2]])
