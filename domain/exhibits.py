"""What evidence shows beside its sentence: a series around the onset, one request as it ran, who calls whom.

All of it is bounded, as history and every page carry it; the whole lies in the evidence store.
"""

from pydantic import AwareDatetime, Field

from domain.model import Model

MOST_POINTS = 60
MOST_BARS = 20
MOST_SERVICES = 12
MOST_CALLS = 30


class Curve(Model):
    """A series in equal steps of `step_s` seconds, in the unit of its finding. None: nobody measured then.

    `usual` is what it was before, `bound` the value from which people call it broken; None: nobody can tell.
    """

    start: AwareDatetime
    step_s: float = Field(gt=0)
    values: tuple[float | None, ...] = Field(min_length=1, max_length=MOST_POINTS)
    usual: float | None = None
    bound: float | None = None


class Bar(Model):
    """One span of a request. `depth`: how many of the spans shown lie above it. `start_s` is in seconds since the
    request began, `usual_s` the median of what the same operation took before (None: it was not seen).

    `origin`: it is where this request went wrong.
    """

    service: str
    operation: str
    depth: int = Field(ge=0)
    start_s: float = Field(ge=0)
    duration_s: float = Field(ge=0)
    error: bool = False
    usual_s: float | None = None
    origin: bool = False


class Waterfall(Model):
    """One telling request, callers above what they call; `left_out` spans of it are not shown."""

    trace_id: str
    duration_s: float = Field(ge=0)
    bars: tuple[Bar, ...] = Field(min_length=1, max_length=MOST_BARS)
    left_out: int = 0


class Call(Model):
    """One service calls another. `calls`: how many were seen in traces, None: it is declared, and none was seen."""

    caller: str
    callee: str
    calls: int | None = None
    failed: int = 0


class CallGraph(Model):
    """Who calls whom around the trouble; `left_out` services that also belong to it are not shown."""

    calls: tuple[Call, ...] = Field(default=(), max_length=MOST_CALLS)
    left_out: int = 0

    @property
    def services(self) -> tuple[str, ...]:
        """Each once, callers before what they call where the calls make no loop."""
        return tuple(name for rank in self.ranks for name in rank)

    def callers_of(self, service: str) -> tuple[str, ...]:
        """All that is served by way of this service, nearest first."""
        found: list[str] = []
        asked = [service]
        while asked:
            callee = asked.pop(0)
            new = [c.caller for c in self.calls if c.callee == callee and c.caller not in (service, *found)]
            found += dict.fromkeys(new)
            asked += dict.fromkeys(new)
        return tuple(found)

    @property
    def ranks(self) -> tuple[tuple[str, ...], ...]:
        """Services by how far they are from a service that nobody calls; of a loop one is taken for the front."""
        ranks: list[tuple[str, ...]] = []
        left = list(dict.fromkeys(name for call in self.calls for name in (call.caller, call.callee)))
        while left:
            called = {c.callee for c in self.calls if c.caller in left and c.caller != c.callee}
            front = [name for name in left if name not in called] or left[:1]
            ranks.append(tuple(front))
            left = [name for name in left if name not in front]
        return tuple(ranks)
