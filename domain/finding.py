"""Evidence: what one source said, with the query and the window that anyone can repeat."""

from enum import StrEnum

from pydantic import AwareDatetime, Field

from domain.exhibits import MOST_CALLS, Call, Curve, Waterfall
from domain.model import Model


class Source(StrEnum):
    """Where evidence comes from, in the order in which people read it."""

    ALERTS = "alerts"
    METRICS = "metrics"
    LOGS = "logs"
    TRACES = "traces"
    DATABASE = "database"
    CHANGES = "changes"
    MEMORY = "memory"


class Category(StrEnum):
    """Kinds of causes."""

    CONNECTION_POOL = "connection_pool"
    MEMORY_LEAK = "memory_leak"
    CPU_SATURATION = "cpu_saturation"
    LOAD_SPIKE = "load_spike"
    CACHE = "cache"
    BAD_DEPLOYMENT = "bad_deployment"
    CONFIG = "config"
    DEPENDENCY = "dependency"
    DISK = "disk"
    NETWORK = "network"
    UNKNOWN = "unknown"


class Presence(StrEnum):
    """FOUND: evidence. ABSENT: we looked, and there is nothing, which is evidence too. MISSING: nobody could look."""

    FOUND = "found"
    ABSENT = "absent"
    MISSING = "missing"


class Window(Model):
    """A stretch of time, start included, end excluded."""

    start: AwareDatetime
    end: AwareDatetime


class EvidenceRef(Model):
    """Bulk evidence in the store: history holds only this."""

    uri: str
    sha256: str
    size: int = Field(description="bytes")
    summary: str


_SOURCE_MISSING = "source_missing"


class Finding(Model):
    """One piece of evidence.

    `strength` is in bits: log2(1 + (z/z0)^2) of the harmful deviation, or of the count for patterns; 0 says nothing.
    `categories` are the kinds of cause that it speaks for, with a weight from 0 to 1; `against` those that it speaks
    against. `facts` are small, typed values that later steps need (a plan is built from them, never from `title`).
    `curve` and `waterfall` are shown to people, and decide nothing; `calls` also say whose calls were seen.
    """

    id: str = ""
    source: Source
    presence: Presence = Presence.FOUND
    kind: str = Field(description="machine name, such as error_template, saturation, blocked_sessions")
    service: str | None = None
    title: str = Field(description="one sentence for people")
    strength: float = 0.0
    value: float | None = None
    baseline: float | None = None
    unit: str = ""
    onset: AwareDatetime | None = None
    categories: dict[Category, float] = {}
    against: dict[Category, float] = {}
    facts: dict[str, str | int | float | bool] = {}
    window: Window
    query: str = ""
    link: str | None = None
    evidence: EvidenceRef | None = None
    curve: Curve | None = None
    waterfall: Waterfall | None = None
    calls: tuple[Call, ...] = Field(default=(), max_length=MOST_CALLS)

    @property
    def unseen(self) -> bool:
        """Could the source itself not be asked? Else a judge of its answers cannot tell, which costs nothing."""
        return self.presence is Presence.MISSING and self.kind == _SOURCE_MISSING


def missing(source: Source, reason: str, window: Window, query: str = "") -> Finding:
    """A source that could not be asked: its absence is said, and never counts as zero."""
    return Finding(
        source=source,
        presence=Presence.MISSING,
        kind=_SOURCE_MISSING,
        title=f"{source}: {reason}",
        window=window,
        query=query,
    )
