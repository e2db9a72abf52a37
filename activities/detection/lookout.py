"""Whether the source of all samples answers at all, as this worker sees it, whichever shard has asked."""

from datetime import datetime

from domain.anomaly import Anomaly
from domain.silence import Sight, first_sight, in_the_dark, in_the_light

_LONGEST_WHY = 300


class Lookout:
    """Remembers since when it is dark, and whether that was told. What was told counts once Temporal has stored it."""

    def __init__(self) -> None:
        self._sight: Sight | None = None

    def begins(self, judged_until: datetime | None, now: datetime) -> None:
        """With the first shard of which this worker takes something over: up to when workers before it have judged."""
        if self._sight is None and judged_until is not None:
            self._sight = first_sight(judged_until, now)

    def light(self, now: datetime) -> tuple[Sight, Anomaly | None]:
        """It has answered; with what is to be told of it."""
        return in_the_light(self._sight or Sight(), now)

    def dark(self, now: datetime, why: str) -> tuple[Sight, Anomaly | None]:
        """It does not answer; with what is to be told of it. What cannot be told is remembered, to be told later."""
        before = self._sight or Sight()
        sight, anomaly = in_the_dark(before, now, why[:_LONGEST_WHY])
        self._sight = sight if anomaly is None else before.model_copy(update={"since": sight.since})
        return sight, anomaly

    def told(self, sight: Sight) -> None:
        """That is stored now."""
        self._sight = sight
