"""Findings from what a platform says of its own: a managed database's events. It says little, and means it.

Lines of an application are counted against the hour before (logs.py). A platform's notice comes once: its words decide,
and n notices of one kind are b(2n; 1), as of the kernel's kills. It stands until a later notice takes it back; what
speaks of nothing, or lies outside of the window, is left out.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from analysis.bits import ABSENT_BITS
from analysis.changes import kill_bits
from analysis.redaction import name
from analysis.redaction import template as masked
from analysis.wording import causes_of
from domain.finding import Category, Finding, Presence, Source, Window

_OVER = re.compile(r"\b(?:completed|complete|finished|recovered|resolved|succeeded|is available|successfully)\b", re.I)
# A name for a cause, as against a mere place.
_LEAST_WEIGHT = 0.5


@dataclass(frozen=True)
class Notice:
    """What the platform said of a service; `text` is untrusted."""

    at: datetime
    service: str
    text: str


def findings(notices: Iterable[Notice], window: Window) -> list[Finding]:
    """One finding for each kind of trouble that the platform named, most often named first."""
    inside = sorted((n for n in notices if window.start <= n.at < window.end), key=lambda n: n.at)
    groups: dict[tuple[str, Category], list[Notice]] = {}
    for notice in inside:
        if (kind := _kind(notice.text)) is not None:
            groups.setdefault((notice.service, kind), []).append(notice)
    found = [
        _finding(kind, group, window) for (_, kind), group in groups.items() if not _taken_back(kind, group, inside)
    ]
    return sorted(found, key=lambda f: (-f.strength, f.title)) if found else _nothing(inside, window)


def _nothing(inside: Sequence[Notice], window: Window) -> list[Finding]:
    """Where the platform spoke, and of no trouble that still stands: that is evidence too."""
    return [
        Finding(
            source=Source.CHANGES, presence=Presence.ABSENT, kind="no_standing_notice", service=service,
            title=f"{name(service)}: nothing that the platform said is trouble, or it took it back",
            strength=ABSENT_BITS, against={Category.UNKNOWN: 1.0}, window=window,
        )
        for service in dict.fromkeys(n.service for n in inside)
    ]  # fmt: skip


def _kind(text: str) -> Category | None:
    """What the words name, where they name something."""
    named = {c: w for c, w in causes_of(text).items() if c is not Category.UNKNOWN and w >= _LEAST_WEIGHT}
    return max(named, key=lambda c: named[c]) if named else None


def _taken_back(kind: Category, group: Sequence[Notice], inside: Sequence[Notice]) -> bool:
    """Space that was made again is no lack of space. A failover that is over was one all the same."""
    if kind is Category.NETWORK:
        return False
    return any(n.at > group[-1].at and _OVER.search(n.text) for n in inside)


def _finding(kind: Category, group: Sequence[Notice], window: Window) -> Finding:
    first, last = group[0], group[-1]
    return Finding(
        source=Source.CHANGES, kind="platform_notice", service=first.service,
        title=f"{name(first.service)}: the platform says: {masked(last.text)} ({len(group)} times)",
        strength=kill_bits(len(group)), value=float(len(group)), unit="notices", onset=first.at,
        categories={kind: 1.0, Category.UNKNOWN: 0.5}, facts={"notices": len(group)}, window=window,
    )  # fmt: skip
