"""What began with a strange point: does it go on? The codebook cannot tell, as it has learnt the point by then."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

ChannelName = Literal["value", "mean of 3", "deviation of 5", "deviation of 48", "time of day"]


@dataclass
class Episode:
    """A value of `channel` left what was known at `edge`, upwards (`side` 1) or downwards (-1), by the scale of then.

    `usual`: the middle of the series before it. `began`: the number of its first point. `calm`: how many points in a
    row were back. `learnt`: the codewords that came with it.
    """

    channel: ChannelName
    edge: float
    side: int
    scale: float
    usual: float
    began: int
    calm: int = 0
    learnt: list[tuple[ChannelName, float]] = field(default_factory=list[tuple[ChannelName, float]])

    def beyond(self, seen: float) -> float:
        """How far a value still lies beyond the edge, in scales; 0 on the known side."""
        return max(self.side * (seen - self.edge), 0.0) / self.scale

    def state(self) -> list[Any]:
        return [self.channel, self.edge, self.side, self.scale, self.usual, self.began, self.calm, self.learnt]

    @classmethod
    def restore(cls, state: Sequence[Any]) -> "Episode":
        *rest, learnt = state
        return cls(*rest, learnt=[(name, float(word)) for name, word in learnt])
