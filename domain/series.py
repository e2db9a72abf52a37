"""How a series stands: its last samples, and since when it is reported. It is kept over a restart, and shown. Pure."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from pydantic import AwareDatetime, Field

from domain.levels import Severity
from domain.model import Model
from domain.services import MetricKind
from domain.severity import SIGMA_STEPS
from domain.sign import STRANGE, Sign

# Three of the last five samples: 30 s after the first of them at a scrape each 15 s.
_OF, _NEEDED = 5, 3
ALONE = next(bound for bound, level in SIGMA_STEPS if level is Severity.HIGH)
"""What is farther out, in sigma, speaks for itself; and where it does, one more sample beside it is enough."""
USUAL_AFTER = timedelta(hours=6)
"""What has lasted for so long is how the series is now, and a forecast that was wrong for so long no longer fits."""

# Clearly longer than all before. Where lengths are exponentially distributed, the next one is half as long again as the
# longest of n with probability n! gamma(2.5) / gamma(n + 2.5): one in 119 after 28, four a day.
_LONGER = 1.5
# Twice as far out as any before is none of these.
_FARTHER = 2.0
# Whatever a series got over by itself, this long is told. What was strange for longer and still not believed was no
# pause: the forecast was a little off.
_PAUSE_AT_MOST = timedelta(minutes=5)
_REMEMBERED, _AT_MOST = timedelta(days=7), 16
# Until it was watched for so long, nobody knows what it gets over: a pause of a minute is common.
_KNOWN_AFTER, _PAUSE_OF_THE_YOUNG = timedelta(days=1), timedelta(minutes=1)


class Spell(Model):
    """The series was strange (rule 1), from the first such sample at `since` to the last at `until`. `height`: the
    farthest from what was usual, in the series' unit.
    """

    since: AwareDatetime
    until: AwareDatetime
    height: float

    @property
    def lasted(self) -> timedelta:
        return self.until - self.since

    def covers(self, other: "Spell") -> bool:
        """Was it as long and as high? Then there is nothing that the other one tells beside it."""
        return self.lasted >= other.lasted and self.height >= other.height


def known_after(kind: MetricKind) -> timedelta:
    """How long a series is watched until what it got over by itself says what it gets over.

    Latency shows each pause of all that a request passes: garbage collections, backups, bursts of another client. The
    longest and the highest of them are rare, so a day may show none, and its like is met on the next one. What is
    remembered spans a week: before that, a day without them proves nothing.
    """
    return _REMEMBERED if kind == "latency" else _KNOWN_AFTER


class Standing(Model):
    """How a series stands: its last judged samples, oldest first, and since when it is reported, if it is.

    `worst`: the strangest sample since then. `bound`: half of the way back (of what is down: where it would be up), for
    whoever verifies that it is over. `missed_since`: since when every sample has left the forecast, whichever way.
    `silent`: it is reported for having no samples any more, at `told_at`, with most others in `outage`. `gone`: it had
    none for so long that nothing is expected of it.
    `threshold`: what is strange for it, in sigma; people's marks raise it (domain.thresholds).
    `judged_since`: its first judged sample. `known_after`: how long from then on nobody knows what it gets over by
    itself. `spell`: the one that goes on, until it is reported. `got_over`: those of the last week that were over
    within minutes, oldest first.
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
    judged_since: AwareDatetime | None = None
    known_after: timedelta = _KNOWN_AFTER
    spell: Spell | None = None
    got_over: tuple[Spell, ...] = ()

    @property
    def strange(self) -> bool:
        """Rule 1: three of the last five samples, two in a row that leave less doubt, or a steady climb."""
        return _holds(self.signs, self.threshold)

    @property
    def strange_unraised(self) -> bool:
        """Would it be strange if nobody had ever marked a false positive of it?"""
        return _holds(self.signs, STRANGE)

    @property
    def climbs(self) -> bool:
        """Has it risen steadily, beyond what is strange, until its last sample?"""
        return bool(self.signs) and self.signs[-1].climb >= self.threshold

    @property
    def new(self) -> bool:
        """Does the streaming detector call k of the last n samples strange: did the series never show the like?"""
        return sum(sign.novelty >= self.threshold for sign in self.signs) >= _NEEDED

    @property
    def agreed(self) -> bool:
        """Do forecast and streaming detector both call k of the last n samples strange, or the same two in a row?"""
        forecast = sum(sign.by_forecast >= self.threshold for sign in self.signs) >= _NEEDED
        return (self.new and forecast) or any(_agree(pair, self.threshold) for pair in pairwise(self.signs))

    def fits(self, at: datetime) -> bool:
        """Is the forecast still believed? Not after it was wrong for hours, until a sample is where it says."""
        return self.missed_since is None or at - self.missed_since <= USUAL_AFTER

    @property
    def sigma(self) -> float:
        return max((sign.sigma for sign in self.signs), default=0.0)

    @property
    def onset(self) -> datetime:
        """The first strange sample of the spell, or of those that it knows."""
        if self.spell is not None:
            return self.spell.since
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
        changes = {
            "signs": (*self.signs, sign)[-_OF:], "worst": worst, "missed_since": missed_since,
            "judged_since": self.judged_since or sign.at,
        }  # fmt: skip
        return self.model_copy(update=changes).in_its_spell()

    @property
    def patience(self) -> timedelta:
        """How long the spell has to last before it is more than what the series gets over by itself."""
        if self.spell is None or self.judged_since is None:
            return timedelta()
        since, height = self.spell.since, self.spell.height / _FARTHER
        alike = [s.lasted for s in self.got_over if s.height >= height and since - s.until <= _REMEMBERED]
        if since - self.judged_since < self.known_after:
            alike.append(_PAUSE_OF_THE_YOUNG)
        return min(_LONGER * max(alike, default=timedelta()), _PAUSE_AT_MOST)

    @property
    def outlasts(self) -> bool:
        """Has it been strange for clearly longer than it ever was before it came back by itself, or is it farther? What
        has climbed for ten minutes is no pause.
        """
        return self.climbs or (self.spell is not None and self.spell.lasted >= self.patience)

    def over(self) -> "Standing":
        """No longer reported, now that its last samples are calm. What was over within minutes was a pause after all:
        unless it is remembered, each one like it is told again.
        """
        known = self.got_over
        if self.since is not None and self.worst is not None and len(self.signs) > 1:
            first, second = self.signs[:2]
            last = max(first.at - (second.at - first.at), self.since)
            height = abs(self.worst.value - self.worst.usual)
            known = _remembered(known, Spell(since=self.since, until=last, height=height))
        calm = {"since": None, "worst": None, "bound": None, "signs": (), "got_over": known}
        return self.model_copy(update=calm)

    def in_its_spell(self) -> "Standing":
        """With the spell that begins, goes on or is over with the last sample."""
        spell = self._spell() if self.since is None else None
        if spell is None and self.spell is None:
            return self
        got_over = self.got_over
        if spell is None and self.spell is not None and self.since is None:
            got_over = _remembered(got_over, self.spell)
        return self.model_copy(update={"spell": spell, "got_over": got_over})

    def _spell(self) -> Spell | None:
        if not self.strange_unraised:
            return None
        strange = [sign for sign in self.signs if sign.sigma >= STRANGE]
        height = max(abs(sign.value - sign.usual) for sign in strange)
        if self.spell is None:
            return Spell(since=strange[0].at, until=strange[-1].at, height=height)
        return Spell(since=self.spell.since, until=strange[-1].at, height=max(self.spell.height, height))


def _holds(signs: Sequence[Sign], threshold: float) -> bool:
    strange = [sign for sign in signs if sign.sigma >= threshold]
    if not strange:
        # A sign's sigma is the greatest of all that it says: nothing else of it can be strange.
        return False
    if len(strange) >= _NEEDED:
        return True
    if signs and signs[-1].climb >= threshold:
        return True
    return any(_speak(pair, threshold) or _agree(pair, threshold) for pair in pairwise(signs))


def _speak(pair: tuple[Sign, Sign], threshold: float) -> bool:
    """Are both samples strange, and does one speak for itself?"""
    sigmas = [sign.sigma for sign in pair]
    return min(sigmas) >= threshold and max(sigmas) > ALONE


def _agree(pair: tuple[Sign, Sign], threshold: float) -> bool:
    """Are both samples strange to forecast and streaming detector alike?"""
    return all(min(sign.novelty, sign.by_forecast) >= threshold for sign in pair)


def _remembered(known: tuple[Spell, ...], over: Spell) -> tuple[Spell, ...]:
    """Those that still tell something: pauses of the last week, and none that one of the later ones covers."""
    if over.lasted > _PAUSE_AT_MOST:
        return known
    kept = [one for one in known if over.until - one.until <= _REMEMBERED and not over.covers(one)]
    return (*kept, over)[-_AT_MOST:]
