"""How long to wait before something that has died is started again. Pure: times come in as arguments."""

from dataclasses import dataclass

FIRST_S = 1.0
MOST_S = 60.0
CALM_S = 120.0
"""What has lived this long died of something new: its wait begins anew."""


@dataclass(frozen=True)
class Backoff:
    """What happened so far. Times are in seconds on one clock; `deaths` counts those in a row."""

    started: float
    deaths: int = 0

    def died(self, now: float) -> "Backoff":
        """The state after one more death at `now`."""
        in_a_row = 0 if now - self.started >= CALM_S else self.deaths
        return Backoff(self.started, in_a_row + 1)

    def began(self, now: float) -> "Backoff":
        """The state after a start at `now`."""
        return Backoff(now, self.deaths)

    @property
    def wait_s(self) -> float:
        """How long to wait now: doubled with every death in a row, up to a minute."""
        return min(MOST_S, FIRST_S * 2.0 ** min(self.deaths - 1, 16)) if self.deaths else 0.0
