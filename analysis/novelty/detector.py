"""The detector of one series: five ways of looking at it, one score.

The idea, a codebook of known values, is that of vector quantisation in anomaly detection (Chandola, Banerjee and
Kumar, "Anomaly Detection: A Survey", 2009, section 5: the distance to the nearest neighbour), here in one dimension
and incremental. Weights, windows and the threshold were chosen on the tuning folders of the Numenta Anomaly Benchmark
(evals/detection) and stand on plateaus there; docs/detection.md has the figures.
"""

import math
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import median
from typing import Any

from analysis.novelty.channel import Channel
from analysis.novelty.episode import ChannelName, Episode
from analysis.novelty.seasonal import DayTable

THRESHOLD = 3.0
"""The one threshold, in sigma."""
READY_AFTER = 100
"""Points before the first judgement: the least history that the forecast wants as well."""
MOST_SIGMA = 12.0

# The novelty, in scales, that is three sigma. Each factor e more is one sigma more: a value twice as far out as all
# that was ever seen (novelty 1) is 6.4, and beyond ten sigma are 40 whole ranges.
_NOVELTY_AT_THRESHOLD = 0.034
# What a channel's novelty counts for. The value itself leads; the others see what it does not: a level within the
# known range (mean), a change of variance in minutes (5) or hours (48), the wrong time of day.
_WEIGHTS: dict[ChannelName, float] = {
    "value": 1.0,
    "mean of 3": 0.30,
    "deviation of 5": 0.35,
    "deviation of 48": 0.25,
    "time of day": 0.25,
}
_LONGEST = 48
# News is what is stranger than everything for this long: a twentieth of the series' life, between these points.
_QUIET_SHARE = 0.05
_QUIET_LEAST, _QUIET_MOST = 120, 400
# An episode is over after this many points below half of the threshold's novelty (ln 2 below it), and after 400 points
# it is how the series is now.
CALM = THRESHOLD - math.log(2)
"""Hysteresis: an episode ends below this, in sigma."""
_CALM_POINTS = 10
_FORMAT = 1


@dataclass(frozen=True)
class Judgement:
    """One point. `sigma`: how strange its value is to all that was known before it, 0 to 12.

    `lasting`: how far the series is from what was known when the strange episode that it is in began, in the same
    measure: what persistence is judged by. `news`: stranger than everything lately, so that an episode is told once,
    and again only when it gets worse. `channel`: the look that says so. `usual`: the middle of what the series showed
    lately, or before the episode that it is in.
    """

    at: float
    value: float
    sigma: float
    lasting: float
    news: bool
    channel: ChannelName
    usual: float

    @property
    def alarm(self) -> bool:
        return self.news and self.sigma >= THRESHOLD


@dataclass
class Detector:
    """Takes the points of one series in the order of time. Its memory is bounded, whatever the length of the series.

    `floor`: the least deviation that one sigma may stand for, in the series' unit; three of it are the least change
    that can be three sigma.
    """

    floor: float = 0.0
    points: int = 0
    last: deque[float] = field(default_factory=lambda: deque(maxlen=_LONGEST))
    day: DayTable = field(default_factory=DayTable)
    channels: dict[ChannelName, Channel] = field(default_factory=dict[ChannelName, Channel])
    peaks: deque[tuple[int, float]] = field(default_factory=deque[tuple[int, float]])
    episode: Episode | None = None

    def __post_init__(self) -> None:
        least = THRESHOLD * self.floor / _NOVELTY_AT_THRESHOLD
        self.channels = self.channels or {name: Channel(least_scale=least) for name in _WEIGHTS}

    @property
    def ready(self) -> bool:
        return self.points >= READY_AFTER

    @property
    def knows_a_day(self) -> bool:
        """Before it does, each hour of a day is new to it."""
        return self.day.whole

    def judge(self, at: float, value: float, *, learn: bool = True) -> Judgement | None:
        """The judgement of a point at unix time `at`; None while too little is known, and for what is no number.

        `learn` False: the point belongs to a known incident, and must not become something that is known.
        """
        if not math.isfinite(value):
            return None
        usual = median(self.last) if self.last else value
        looks = self._looks(at, value)
        strength, channel = self._strangest(looks)
        judged = Judgement(at, value, sigma_of(strength), 0.0, self._is_news(strength), channel, usual)
        if self.ready:
            judged = self._in_its_episode(looks, judged)
        if learn:
            self._learn(looks)
        self.points += 1
        return judged if self.points > READY_AFTER else None

    def _looks(self, at: float, value: float) -> dict[ChannelName, float]:
        """What each channel sees of this point; a channel that cannot say anything yet is left out."""
        self.last.append(value)
        looks: dict[ChannelName, float] = {"value": value}
        recent = tuple(self.last)
        if len(recent) >= 3:  # noqa: PLR2004 - the channel's name says it
            looks["mean of 3"] = sum(recent[-3:]) / 3
        if len(recent) >= 5:  # noqa: PLR2004 - as above
            looks["deviation of 5"] = _deviation(recent[-5:])
        if len(recent) == _LONGEST:
            looks["deviation of 48"] = _deviation(recent)
        rest = self.day.residual(at, value)
        if rest is not None:
            looks["time of day"] = rest
        return looks

    def _strangest(self, looks: Mapping[ChannelName, float]) -> tuple[float, ChannelName]:
        """The greatest weighted novelty. The time of day has no say where it explains nothing."""
        heard: list[tuple[float, ChannelName]] = [
            (_WEIGHTS[name] * self.channels[name].novelty(seen), name)
            for name, seen in looks.items()
            if name != "time of day" or self.day.explains
        ]
        return max(heard)

    def disown(self) -> None:
        """Forget what was learnt in the episode that goes on: it turned out to be trouble, and shall be new again."""
        if self.episode is not None:
            for name, word in self.episode.learnt:
                self.channels[name].codebook.unlearn(word)
            self.episode.learnt = []

    def _learn(self, looks: Mapping[ChannelName, float]) -> None:
        for name, seen in looks.items():
            new = self.channels[name].learn(seen, self.points)
            if new and self.episode is not None:
                self.episode.learnt.append((name, seen))

    def _in_its_episode(self, looks: Mapping[ChannelName, float], judged: Judgement) -> Judgement:
        """The point as a part of the episode that it begins or goes on with, if there is one."""
        if self.episode is None:
            # News or not: the same trouble again within the quiet time is an episode as well.
            if judged.sigma < THRESHOLD:
                return judged
            self.episode = self._beginning(judged, looks[judged.channel])
        episode = self.episode
        # A channel that falls silent (the time of day, without an earlier day) is back.
        beyond = _WEIGHTS[episode.channel] * episode.beyond(looks.get(episode.channel, episode.edge))
        lasting = sigma_of(beyond)
        episode.calm = episode.calm + 1 if lasting < CALM else 0
        if episode.calm >= _CALM_POINTS or self.points - episode.began >= _QUIET_MOST:
            self.episode = None
        return replace(judged, lasting=lasting, usual=episode.usual)

    def _beginning(self, judged: Judgement, seen: float) -> Episode:
        channel = self.channels[judged.channel]
        edge = channel.codebook.nearest(seen)
        assert edge is not None, "an alarm without anything known"  # noqa: S101 - its novelty would be 0
        return Episode(judged.channel, edge, 1 if seen > edge else -1, channel.scale, judged.usual, self.points)

    def _is_news(self, strength: float) -> bool:
        """Stranger than every point of the quiet time before. Falling peaks are kept, so that the first is highest."""
        quiet = min(max(int(_QUIET_SHARE * self.points), _QUIET_LEAST), _QUIET_MOST)
        while self.peaks and self.peaks[0][0] < self.points - quiet:
            self.peaks.popleft()
        news = not self.peaks or strength > self.peaks[0][1]
        while self.peaks and self.peaks[-1][1] <= strength:
            self.peaks.pop()
        self.peaks.append((self.points, strength))
        return news

    def state(self) -> dict[str, Any]:
        """All that it knows, as plain lists and numbers that JSON can hold."""
        return {
            "format": _FORMAT,
            "floor": self.floor,
            "points": self.points,
            "last": list(self.last),
            "day": self.day.state(),
            "channels": {name: channel.state() for name, channel in self.channels.items()},
            "peaks": list(self.peaks),
            "episode": None if self.episode is None else self.episode.state(),
        }

    @classmethod
    def restore(cls, state: dict[str, Any]) -> "Detector":
        """The detector that `state` was taken of. Raises ValueError for another format: it has to learn anew."""
        if state.get("format") != _FORMAT:
            raise ValueError(f"format: {state.get('format')!r} is not {_FORMAT}, which this version writes")
        return cls(
            floor=float(state["floor"]),
            points=int(state["points"]),
            last=deque(state["last"], _LONGEST),
            day=DayTable.restore(state["day"]),
            channels={name: Channel.restore(state["channels"][name]) for name in _WEIGHTS},
            peaks=deque((int(at), float(strength)) for at, strength in state["peaks"]),
            episode=None if state["episode"] is None else Episode.restore(state["episode"]),
        )


def sigma_of(strength: float) -> float:
    """Three at the threshold, one more or less for each factor e, between 0 and 12."""
    if strength <= 0:
        return 0.0
    return min(max(THRESHOLD + math.log(strength / _NOVELTY_AT_THRESHOLD), 0.0), MOST_SIGMA)


def _deviation(values: Sequence[float]) -> float:
    """The population's standard deviation, without a loop in Python: it is asked twice of every sample."""
    count = len(values)
    return math.dist(values, (math.fsum(values) / count,) * count) / math.sqrt(count)
