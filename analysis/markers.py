"""When a service began to run something else, told by series each of which exists while one thing runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True)
class Switch:
    """`before` gave way to `after` at `at` (seconds since the epoch). `returned`: `after` is what had run for most of
    the time; one that was taken back and is tried again is new.
    """

    at: float
    before: str
    after: str
    returned: bool


def switches(seen: Mapping[str, Sequence[float]], least_gap_s: float) -> list[Switch]:
    """Each change, oldest first. `seen`: for each value the times at which it was seen, in any order.

    A value that is seen again after a gap longer than `least_gap_s` began anew, which is a change where another one was
    seen last: a process that was restarted as it was has changed nothing. Nor has one of two that run side by side:
    what had run, and begins anew while the other one goes on.
    """
    begun = sorted((at, value) for value, times in seen.items() for at in _beginnings(sorted(times), least_gap_s))
    found: list[Switch] = []
    for at, value in begun:
        earlier = {v: max(t for t in times if t < at) for v, times in seen.items() if any(t < at for t in times)}
        if not earlier:
            continue
        before = max(earlier, key=lambda v: (earlier[v], v))
        restarted = value in earlier and _goes_on(seen[before], at, least_gap_s)
        if before != value and not restarted:
            found.append(Switch(at, before, value, returned=_usual(seen, at) == value))
    return found


def _goes_on(times: Sequence[float], at: float, least_gap_s: float) -> bool:
    """Was it seen before and after, without a gap?"""
    since = min((t for t in times if t >= at), default=None)
    return since is not None and since - max(t for t in times if t < at) <= least_gap_s


def _usual(seen: Mapping[str, Sequence[float]], until: float) -> str:
    """What was seen most often by then."""
    return max(seen, key=lambda value: (sum(at < until for at in seen[value]), value))


def _beginnings(times: Sequence[float], least_gap_s: float) -> list[float]:
    return [*times[:1], *(later for sooner, later in pairwise(times) if later - sooner > least_gap_s)]
