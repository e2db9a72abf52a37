"""From an HTTP answer to a port's error, the same for every source that speaks HTTP."""

from collections.abc import Iterable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus

from integrations.ports import PortError, Rejected, Unavailable

LONGEST_TEXT = 300
_LONGEST_WAIT_S = 86_400.0
LARGEST_BODY = 64 * 1024 * 1024
"""Bytes. A thousand series of a day at one point a minute have some 40 MB; a worker has to survive what comes."""

_PASSING = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS}


def refusal(source: str, status: int, text: str, retry_after: str | None) -> PortError:
    """The error for an answer that is no success. `text` is the other side's own; `retry_after` its header.

    5xx and the three 4xx that pass (408, 425, 429) are worth a retry, the other answers are not.
    """
    message = f"{source} answered {status}: {one_line(text) or 'without a word'}"
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in _PASSING:
        return Unavailable(message, seconds_of(retry_after, datetime.now(UTC)))
    return Rejected(message)


def seconds_of(retry_after: str | None, now: datetime) -> float | None:
    """The Retry-After header in seconds, a day at the most: a number, or a date (RFC 9110, 10.2.3). None: absent or
    unreadable.
    """
    if retry_after is None:
        return None
    value = retry_after.strip()
    if value.isdecimal():
        return min(float(value), _LONGEST_WAIT_S)
    try:
        at = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    return min(max((at.replace(tzinfo=at.tzinfo or UTC) - now).total_seconds(), 0.0), _LONGEST_WAIT_S)


def one_line(text: str) -> str:
    """Another side's words, fit for one line of a finding: white space folded, cut."""
    return " ".join(text.split())[:LONGEST_TEXT]


def bounded(source: str, chunks: Iterable[bytes], largest: int = LARGEST_BODY) -> bytes:
    """The whole body. Raises Rejected when it is larger than `largest` bytes, before it is all in memory."""
    body = bytearray()
    for chunk in chunks:
        body += chunk
        if len(body) > largest:
            raise Rejected(f"{source} answered with more than {largest} bytes: ask for less")
    return bytes(body)
