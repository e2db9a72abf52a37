"""What will be broken when, decided before it begins. Pure."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

# Beside the time until all alerts and incidents are over: what lies in the two minutes before an onset belongs to it,
# and would be the lines of the fault before.
_WAIT_S = (90.0, 150.0)


@dataclass(frozen=True)
class Trial:
    """One fault: its kind, and how long the shop has been calm when it begins, in seconds."""

    kind: str
    wait_s: float


def write_script(kinds: Sequence[str], times: int, seed: int) -> tuple[Trial, ...]:
    """Each kind so many times, in an order and at moments that the seed decides."""
    chance = random.Random(seed)  # noqa: S311 - chance, not secrets
    order = [kind for kind in kinds for _ in range(times)]
    chance.shuffle(order)
    return tuple(Trial(kind, round(chance.uniform(*_WAIT_S), 1)) for kind in order)
