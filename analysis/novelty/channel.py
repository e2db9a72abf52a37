"""One way of looking at a series: a codebook, and the scale that a distance to it is measured in."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from analysis.novelty.codebook import Codebook
from analysis.novelty.spread import Spread

# A share of the whole remembered range in the scale, so that one that is flat but for rare bursts has one. From 0.03
# to 0.3 nothing changes.
_RANGE_SHARE = 0.05
_LEAST_SCALE = 1e-9


@dataclass
class Channel:
    """What is known of one look at a series. `least_scale`: below it a scale says nothing, in the look's unit."""

    least_scale: float = 0.0
    codebook: Codebook = field(default_factory=Codebook)
    spread: Spread = field(default_factory=Spread)

    @property
    def scale(self) -> float:
        return max(self.spread.width + _RANGE_SHARE * self.codebook.span, self.least_scale) + _LEAST_SCALE

    def novelty(self, value: float) -> float:
        """The distance to the nearest known value, in scales; 0 while nothing is known."""
        nearest = self.codebook.nearest(value)
        return 0.0 if nearest is None else abs(value - nearest) / self.scale

    def learn(self, value: float, now: int) -> bool:
        """From now on the value of point number `now` is known. True: nothing close to it was before."""
        self.spread.add(value)
        return self.codebook.learn(value, self.scale, now)

    def state(self) -> list[Any]:
        return [self.least_scale, self.codebook.state(), self.spread.state()]

    @classmethod
    def restore(cls, state: Sequence[Any]) -> "Channel":
        least, codebook, spread = state
        return cls(float(least), Codebook.restore(codebook), Spread.restore(spread))
