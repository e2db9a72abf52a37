"""What a series does at this time of day, and whether that says anything about it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

_DAY_S = 86_400.0
_SLOT_S = 300.0
# A week, so that the median is the working days' one.
_DAYS = 7
# The averages below follow about the last 2,000 points, as the scale does.
_PACE = 1 / 2_000
_DAY_SLOTS, _WHOLE = 288, 0.9
# The time of day counts where it explains half of the variance: the rest then varies 0.5 ** 0.5 as much.
_EXPLAINS = 0.7


@dataclass
class DayTable:
    """For each slot of five minutes its mean on the last seven days, and what the deviation from them is worth."""

    slots: dict[int, list[float]] = field(default_factory=dict[int, list[float]])
    day: int = -1
    slot: int = -1
    total: float = 0.0
    count: int = 0
    mean: float | None = None
    moves: float = 0.0
    residue: float = 0.0

    def residual(self, at: float, value: float) -> float | None:
        """The value (seen at unix time `at`) less the median of the same time of earlier days; None on the first."""
        self._enter(int(at // _DAY_S), int(at % _DAY_S // _SLOT_S))
        known = self.slots.get(self.slot)
        rest = value - median(known) if known else None
        if rest is not None:
            self._compare(value, rest)
        self.total += value
        self.count += 1
        return rest

    @property
    def explains(self) -> bool:
        """The deviations from the time of day are clearly smaller than the movements of the series itself."""
        return self.residue < _EXPLAINS * self.moves

    @property
    def whole(self) -> bool:
        """Has it seen nine tenths of a day?"""
        return len(self.slots) >= _WHOLE * _DAY_SLOTS

    def _compare(self, value: float, rest: float) -> None:
        if self.mean is None:
            self.mean = value
        self.mean += _PACE * (value - self.mean)
        self.moves += _PACE * (abs(value - self.mean) - self.moves)
        self.residue += _PACE * (abs(rest) - self.residue)

    def _enter(self, day: int, slot: int) -> None:
        if (day, slot) == (self.day, self.slot):
            return
        if self.count:
            past = self.slots.setdefault(self.slot, [])
            past.append(self.total / self.count)
            del past[:-_DAYS]
        self.day, self.slot, self.total, self.count = day, slot, 0.0, 0

    def state(self) -> list[Any]:
        slots = [[slot, past] for slot, past in self.slots.items()]
        return [
            slots, self.day, self.slot, self.total, self.count, self.mean, self.moves, self.residue,
        ]  # fmt: skip

    @classmethod
    def restore(cls, state: Sequence[Any]) -> "DayTable":
        slots, *rest = state
        return cls({int(slot): list(past) for slot, past in slots}, *rest)
