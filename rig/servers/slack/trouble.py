"""Trouble that a test orders: Slack busy, broken, or silent."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Trouble:
    """`taken`: the call is done, and its answer lost. `hang`: no answer until the server stops.

    `status` with `retry_after` (seconds) is the answer otherwise; `error` is one in Slack's own words, with status 200.
    """

    method: str
    status: int = 503
    retry_after: int | None = None
    error: str | None = None
    taken: bool = False
    hang: bool = False
