"""Log lines as templates: what is new, what is bursting, and how much of it there is."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from analysis.bits import Z0_COUNT, bits, count_z
from analysis.redaction import template
from analysis.wording import LogCategory, Weights, category_of, causes_of

_BURST_Z = 3.0
# Trace ids that a person may open for one template.
_TRACES = 3


class Line(Protocol):
    """One log record; `message` is untrusted."""

    @property
    def at(self) -> datetime: ...
    @property
    def service(self) -> str: ...
    @property
    def message(self) -> str: ...
    @property
    def error_type(self) -> str | None: ...
    @property
    def trace_id(self) -> str | None: ...


@dataclass(frozen=True)
class Volume:
    """How many lines a sample stands for: `share` = lines read / lines that matched, `seconds` its length."""

    seconds: float
    share: float = 1.0


@dataclass(frozen=True)
class Template:
    """Lines of one service that differ in ids and numbers only.

    `count` and `expected` are lines in the window, `expected` as the hour before lets expect; `strength` is in bits.
    """

    service: str
    text: str
    category: LogCategory
    causes: Weights
    count: float
    expected: float
    first_seen: datetime
    last_seen: datetime
    error_type: str | None
    trace_ids: tuple[str, ...]

    @property
    def new(self) -> bool:
        return self.expected == 0

    @property
    def z(self) -> float:
        return count_z(self.count, self.expected)

    @property
    def bursting(self) -> bool:
        return self.z >= _BURST_Z

    @property
    def strength(self) -> float:
        return bits(self.z, Z0_COUNT)


def templates(lines: Sequence[Line], now: Volume, before: Sequence[Line], then: Volume) -> list[Template]:
    """Templates of `lines`, new ones first, then bursting ones, each by strength.

    `before` are the lines of a quiet time; `now` and `then` say what the two samples stand for.
    """
    usual = Counter((line.service, template(line.message)) for line in before)
    groups: dict[tuple[str, str], list[Line]] = {}
    for line in lines:
        groups.setdefault((line.service, template(line.message)), []).append(line)
    scale = now.seconds / then.seconds / then.share
    found = [_of_group(key, group, now.share, usual[key] * scale) for key, group in groups.items()]
    return sorted(found, key=lambda t: (not t.new, not t.bursting, -t.strength, t.service, t.text))


def _of_group(key: tuple[str, str], group: Sequence[Line], share: float, expected: float) -> Template:
    first = min(group, key=lambda line: (line.at, line.message))
    kinds = Counter(line.error_type for line in group if line.error_type)
    said = f"{first.message} {first.error_type or ''}"
    return Template(
        service=key[0],
        text=key[1],
        category=category_of(said),
        causes=causes_of(said),
        count=len(group) / share,
        expected=expected,
        first_seen=first.at,
        last_seen=max(line.at for line in group),
        error_type=kinds.most_common(1)[0][0] if kinds else None,
        trace_ids=tuple(sorted({line.trace_id for line in group if line.trace_id})[:_TRACES]),
    )


def by_category(found: Iterable[Template]) -> dict[LogCategory, float]:
    """Lines by category, most first."""
    counts: Counter[LogCategory] = Counter()
    for one in found:
        counts[one.category] += round(one.count)
    return {category: float(n) for category, n in counts.most_common()}
