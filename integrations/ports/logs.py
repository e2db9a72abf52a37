"""Logs: lines, as far as they are asked for."""

from collections.abc import Sequence
from typing import Protocol

from pydantic import AwareDatetime

from domain.finding import Window
from domain.model import Model


class LogLine(Model):
    """One log record; `message` is untrusted text."""

    at: AwareDatetime
    service: str
    level: str
    message: str
    logger: str = ""
    error_type: str | None = None
    trace_id: str | None = None


class LogPage(Model):
    """Lines of a search, newest first, cut at a limit; `total` counts all that matched."""

    total: int
    lines: tuple[LogLine, ...]


class LogSource(Protocol):
    """Structured logs."""

    def search(self, services: Sequence[str], window: Window, levels: Sequence[str], limit: int) -> LogPage:
        """Lines of these services at these levels."""
        ...

    def query_text(self, services: Sequence[str], window: Window, levels: Sequence[str]) -> str:
        """The query that `search` sends, for a person to repeat."""
        ...

    def link(self, services: Sequence[str], window: Window) -> str:
        """Where a person sees these lines."""
        ...
