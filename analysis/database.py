"""A database's sessions: how full it is, who holds connections without using them, and who waits for whom."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from analysis.bits import Z0_COUNT, bits, clipped, odds_of_full

SATURATED_FROM = 0.9
"""Share of the limit from which a pool is called full (spec section 3: connections at the real maximum)."""
# From half of the limit on, idle sessions of others begin to matter; from 0.9 on they matter fully.
_ROOMY_BELOW = 0.5
_LONGEST_WAIT_COUNTED_S = 10.0
_IDLE = "idle"


class Group(Protocol):
    """Sessions of one role, application and state."""

    @property
    def role(self) -> str: ...
    @property
    def application(self) -> str: ...
    @property
    def state(self) -> str: ...
    @property
    def count(self) -> int: ...
    @property
    def oldest_s(self) -> float: ...


class Blocked(Protocol):
    """A session that waits for a lock, and who holds it."""

    @property
    def pid(self) -> int: ...
    @property
    def wait_s(self) -> float: ...
    @property
    def relation(self) -> str: ...
    @property
    def blocker_pid(self) -> int: ...
    @property
    def blocker_role(self) -> str: ...
    @property
    def blocker_application(self) -> str: ...
    @property
    def blocker_state(self) -> str: ...
    @property
    def blocker_age_s(self) -> float: ...


@dataclass(frozen=True)
class Holder:
    """Another application's idle sessions: `share` of all sessions in use, `strength` in bits."""

    role: str
    application: str
    idle: int
    oldest_s: float
    share: float
    strength: float


@dataclass(frozen=True)
class Blocker:
    """A session that others wait for. `share`: waiting sessions of all in use; `longest_s` their longest wait."""

    pid: int
    role: str
    application: str
    state: str
    age_s: float
    relation: str
    waiting: int
    longest_s: float
    share: float
    strength: float


def saturation_bits(used: int, limit: int) -> float:
    """Evidence that connections have run out: b(odds of full; 5). Of 12: 9 used 0.9 bits, 11 used 2.7, 12 used 4.6."""
    return bits(odds_of_full(used, limit))


def holders(groups: Sequence[Group], own_application: str, used: int, limit: int) -> list[Holder]:
    """Other applications that hold idle sessions, strongest first. The service's own application is never one.

    strength = b(idle; 2) * (idle / used) * clip((used / limit - 0.5) / 0.4, 0, 1): many idle sessions of one owner say
    little while most sessions are somebody else's, and nothing while half of the places are free.
    """
    tight = clipped((used / limit - _ROOMY_BELOW) / (SATURATED_FROM - _ROOMY_BELOW)) if limit > 0 else 0.0
    found = [
        Holder(
            role=g.role, application=g.application, idle=g.count, oldest_s=g.oldest_s, share=g.count / max(used, 1),
            strength=bits(g.count, Z0_COUNT) * clipped(g.count / max(used, 1)) * tight,
        )
        for g in groups
        if g.state == _IDLE and g.application != own_application and g.count > 0
    ]  # fmt: skip
    return sorted(found, key=lambda h: (-h.strength, -h.idle, h.application, h.role))


def blockers(blocked: Sequence[Blocked], used: int) -> list[Blocker]:
    """Sessions at the head of a queue, with all that wait behind them, most harmful first.

    A session that waits itself passes its waiters on to whom it waits for, so a chain has one head.
    strength = b(waiting sessions * longest wait in s, at most 10; 2): waits that last no time say nothing.
    """
    waits_for = _waits_for(blocked)
    queues: dict[int, list[Blocked]] = {}
    for one in blocked:
        queues.setdefault(_head(one.blocker_pid, waits_for), []).append(one)
    found = [_blocker(pid, queue, used) for pid, queue in queues.items()]
    return sorted(found, key=lambda b: (-b.strength, b.pid))


def _waits_for(blocked: Sequence[Blocked]) -> dict[int, int]:
    """Whom each session waits for; of several, one that does not wait itself."""
    waiting = {b.pid for b in blocked}
    pairs = sorted(blocked, key=lambda b: (b.blocker_pid not in waiting, -b.blocker_pid))
    return {b.pid: b.blocker_pid for b in pairs}


def _head(pid: int, waits_for: dict[int, int]) -> int:
    seen: set[int] = set()
    while pid in waits_for and pid not in seen:
        seen.add(pid)
        pid = waits_for[pid]
    return min(seen) if pid in seen else pid


def _blocker(pid: int, queue: list[Blocked], used: int) -> Blocker:
    direct = min(queue, key=lambda b: (b.blocker_pid != pid, b.pid))
    waiting = len({b.pid for b in queue})
    longest = max(b.wait_s for b in queue)
    return Blocker(
        pid=direct.blocker_pid, role=direct.blocker_role, application=direct.blocker_application,
        state=direct.blocker_state, age_s=direct.blocker_age_s, relation=direct.relation, waiting=waiting,
        longest_s=longest, share=min(1.0, waiting / max(used, 1)),
        strength=bits(waiting * min(longest, _LONGEST_WAIT_COUNTED_S), Z0_COUNT),
    )  # fmt: skip
