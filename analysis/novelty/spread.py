"""How widely a series moves: the range that all but the rarest of its last values keep to."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

# The last 2,000 values, in blocks of 50 after each of which the range is drawn anew.
_BLOCK = 50
_BLOCKS = 40
# The range without the lowest and highest 0.2 %; 0.1 % to 0.2 % do equally well.
_TAIL = 0.002
# The rank of that percentile among 2,000 values lies between the 4th and the 5th, so a block's five outermost values
# are all that can matter: the percentiles are exact, with a fifth of the memory.
_OUTERMOST = 5


@dataclass
class Spread:
    """The distance between the 0.2nd and the 99.8th percentile, 0 until the first block is full."""

    width: float = 0.0
    block: list[float] = field(default_factory=list[float])
    lows: deque[list[float]] = field(default_factory=lambda: deque(maxlen=_BLOCKS))
    highs: deque[list[float]] = field(default_factory=lambda: deque(maxlen=_BLOCKS))

    def add(self, value: float) -> None:
        self.block.append(value)
        if len(self.block) < _BLOCK:
            return
        ordered = sorted(self.block)
        self.lows.append(ordered[:_OUTERMOST])
        self.highs.append([-value for value in ordered[: -_OUTERMOST - 1 : -1]])
        self.block = []
        count = _BLOCK * len(self.lows)
        self.width = -_ranked(self.highs, count) - _ranked(self.lows, count)

    def state(self) -> list[Any]:
        return [self.width, self.block, list(self.lows), list(self.highs)]

    @classmethod
    def restore(cls, state: Sequence[Any]) -> "Spread":
        width, block, lows, highs = state
        return cls(float(width), list(block), deque(lows, _BLOCKS), deque(highs, _BLOCKS))


def _ranked(blocks: Sequence[list[float]] | deque[list[float]], count: int) -> float:
    """The 0.2nd percentile of `count` values by linear interpolation, from the lowest of each block."""
    lowest = sorted(value for block in blocks for value in block)
    rank = _TAIL * (count - 1)
    below = int(rank)
    return lowest[below] + (rank - below) * (lowest[below + 1] - lowest[below])
