"""Lengths of time as people type them: 90s, 30m, 1h, 2d."""

import re
from datetime import timedelta

_FORM = re.compile(r"^([0-9]{1,6})(s|m|h|d)$")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def read_length(text: str) -> timedelta | str:
    """The length of time, or the sentence that says what is wrong with the text."""
    match = _FORM.match(text.strip().lower())
    if match is None:
        return f"{text[:40]!r} is not a length of time such as 90s, 30m, 1h or 2d"
    return timedelta(seconds=int(match[1]) * _SECONDS[match[2]])


def length_text(length: timedelta) -> str:
    """The same, for people to read: the largest unit that comes out even."""
    seconds = int(length.total_seconds())
    unit = next(name for name in ("d", "h", "m", "s") if seconds % _SECONDS[name] == 0)
    return f"{seconds // _SECONDS[unit]}{unit}"
