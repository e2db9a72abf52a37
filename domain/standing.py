"""How a series stands: its last samples, and since when it is reported. It is kept over a restart, and shown. Pure."""

from datetime import datetime, timedelta

from pydantic import AwareDatetime, Field

from domain.model import Model
from domain.sign import STRANGE, Sign

# Three of the last five samples: 30 s after the first of them at a scrape each 15 s.
_OF, _NEEDED = 5, 3
USUAL_AFTER = timedelta(hours=6)
"""What has lasted for so long is how the series is now, and a forecast that was wrong for so long no longer fits."""


class Standing(Model):
    """How a series stands: its last judged samples, oldest first, and since when it is reported, if it is.

    `worst`: the strangest sample since then. `bound`: half of the way back (of what is down: where it would be up), for
    whoever verifies that it is over. `missed_since`: since when every sample has left the forecast, whichever way.
    `silent`: it is reported for having no samples any more, at `told_at`, with most others in `outage`. `gone`: it had
    none for so long that nothing is expected of it.
    `threshold`: what is strange for it, in sigma; people's marks raise it (domain.thresholds).
    """

    signs: tuple[Sign, ...] = ()
    since: AwareDatetime | None = None
    worst: Sign | None = None
    bound: float | None = None
    missed_since: AwareDatetime | None = None
    told_at: AwareDatetime | None = None
    silent: bool = False
    outage: bool = False
    gone: bool = False
    threshold: float = Field(default=STRANGE, ge=STRANGE)

    @property
    def strange(self) -> bool:
        """k of the last n samples."""
        return sum(sign.sigma >= self.threshold for sign in self.signs) >= _NEEDED

    @property
    def strange_unraised(self) -> bool:
        """Would it be strange if nobody had ever marked a false positive of it?"""
        return sum(sign.sigma >= STRANGE for sign in self.signs) >= _NEEDED

    @property
    def new(self) -> bool:
        """Does the streaming detector call k of the last n samples strange: did the series never show the like?"""
        return sum(sign.novelty >= self.threshold for sign in self.signs) >= _NEEDED

    @property
    def constant(self) -> bool:
        """Are all of the last n samples strange? A pause of a minute, as the series has many, is over by then."""
        return len(self.signs) == _OF and all(sign.sigma >= self.threshold for sign in self.signs)

    @property
    def agreed(self) -> bool:
        """Do forecast and streaming detector both call k of the last n samples strange?"""
        return self.new and sum(sign.by_forecast >= self.threshold for sign in self.signs) >= _NEEDED

    def fits(self, at: datetime) -> bool:
        """Is the forecast still believed? Not after it was wrong for hours, until a sample is where it says."""
        return self.missed_since is None or at - self.missed_since <= USUAL_AFTER

    @property
    def sigma(self) -> float:
        return max((sign.sigma for sign in self.signs), default=0.0)

    @property
    def onset(self) -> datetime:
        """The first of the strange samples that it knows."""
        return next(sign.at for sign in self.signs if sign.sigma >= STRANGE)

    def with_sign(self, sign: Sign) -> "Standing":
        """The standing one sample later. A sample that is not newer changes nothing."""
        if self.signs and sign.at <= self.signs[-1].at:
            return self
        worst = self.worst
        if self.since is not None and (worst is None or sign.sigma > worst.sigma):
            worst = sign
        missed = sign.deviation is not None and sign.deviation >= STRANGE
        missed_since = (self.missed_since or sign.at) if missed else None
        changes = {"signs": (*self.signs, sign)[-_OF:], "worst": worst, "missed_since": missed_since}
        return self.model_copy(update=changes)
