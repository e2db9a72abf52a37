"""Server-sent events: what a browser's EventSource reads (HTML standard, section 9.2)."""

import json
from collections.abc import AsyncGenerator, Mapping

from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

_RETRY_MS = 2_000


def opening() -> str:
    """What a stream begins with: how long a browser waits before it comes again."""
    return f"retry: {_RETRY_MS}\n\n"


def event(name: str, data: Mapping[str, object], number: str = "") -> str:
    """One event. JSON has no line breaks of its own, which would end a field."""
    numbered = f"id: {number}\n" if number else ""
    return f"event: {name}\n{numbered}data: {json.dumps(data)}\n\n"


def beat() -> str:
    """Nothing new: a comment for what lies between, which may cut a silent line, and an event for the page."""
    return ": still here\n" + event("alive", {"live": True})


class EventStream(StreamingResponse):
    """The answer. When the page is gone its events end at once, and with them all that was held for it."""

    def __init__(self, events: AsyncGenerator[str]) -> None:
        # A proxy must not gather what is meant for this moment.
        super().__init__(events, media_type="text/event-stream", headers={"x-accel-buffering": "no"})
        self._events = events

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            await self._events.aclose()
