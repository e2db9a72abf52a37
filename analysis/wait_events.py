"""Findings from what a database's sessions wait for: pg_stat_activity's wait events, counted over time.

A session is either on a processor or waits, so the shares tell which resource is short, and speak against those that
are not: a processor that is busy while hardly any session is on it is a symptom. Strength is that of the load (sessions
that are not idle) against its calm, b(z; 5), times the share of the event's group.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from analysis.bits import bits
from analysis.redaction import name
from analysis.series import baseline, robust_z
from domain.finding import Category, Finding, Source, Window

# Half a session: the least scale of a load.
_FLOOR = 0.5
_LEAST_SHARE = 0.2
_HARDLY = 0.2
_AGAINST_BITS = 1.0

# By the beginning of the event's name, as PostgreSQL's manual groups them (28.2, table of wait events).
_GROUPS: tuple[tuple[str, Category], ...] = (
    ("CPU", Category.CPU_SATURATION),
    ("Client:", Category.CONNECTION_POOL),
    ("IO:", Category.DISK),
    ("LWLock:Buffer", Category.DISK),
    ("LWLock:WAL", Category.DISK),
    ("WAL:", Category.DEPENDENCY),
    ("Lock:", Category.DEPENDENCY),
)


@dataclass(frozen=True)
class Waits:
    """Sessions that are not idle, on average, in the calm and now; and how many were on each event now."""

    calm: Sequence[float]
    now: Sequence[float]
    by_event: Mapping[str, float]


def shares(by_event: Mapping[str, float]) -> dict[Category, float]:
    """The share (0 to 1) of each resource in what sessions did; events that nobody knows count in the whole only."""
    total = sum(by_event.values())
    found: dict[Category, float] = {}
    for event, count in by_event.items():
        kind = next((k for begins, k in _GROUPS if event.startswith(begins)), None)
        if kind is not None and total > 0:
            found[kind] = found.get(kind, 0.0) + count / total
    return found


def findings(service: str, waits: Waits, window: Window) -> list[Finding]:
    """What sessions mostly do, where there are more of them than usual."""
    if not waits.calm or not waits.now:
        return []
    base = baseline(waits.calm, _FLOOR)
    strength, value = bits(robust_z(waits.now, base)), float(sorted(waits.now)[len(waits.now) // 2])
    spread = shares(waits.by_event)
    told = [
        Finding(
            source=Source.DATABASE, kind="wait_events", service=service,
            title=f"{name(service)}: {value:.3g} sessions at work (usually {base.middle:.3g}), {share:.0%} of them "
            f"for {kind.replace('_', ' ')}",
            strength=strength * share, value=value, baseline=base.middle, unit="sessions",
            categories={kind: 1.0, Category.UNKNOWN: 0.3}, window=window,
        )
        for kind, share in spread.items()
        if share >= _LEAST_SHARE and strength > 0
    ]  # fmt: skip
    processor = spread.get(Category.CPU_SATURATION, 0.0)
    if waits.by_event and processor < _HARDLY:
        told.append(
            Finding(
                source=Source.DATABASE, kind="hardly_on_processor", service=service,
                title=f"{name(service)}: {processor:.0%} of sessions are on a processor, the others wait",
                strength=_AGAINST_BITS, value=processor, unit="share",
                against={Category.CPU_SATURATION: 1.0}, window=window,
            )
        )  # fmt: skip
    return told
