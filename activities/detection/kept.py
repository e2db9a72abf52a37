"""One series while a worker holds it: its detector, how it stands, and when it has to be written down."""

import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from pydantic_core import from_json, to_json

from activities.detection.forecasts import Expected
from analysis.forecasting.recent import Correction, Recent
from analysis.novelty import Detector
from domain.detection import SeriesRow, Watched, is_down
from domain.series import Standing, known_after
from domain.sign import Deviation, Look, sign

# A worker that dies costs so many samples at most, which the next one asks for and judges again. Each series has its
# own turn among them, by its key: else all that one cycle took over would be written by one cycle, again and again.
_WRITE_EVERY = 20
_COMPRESSION = 1


@dataclass
class Kept:
    """`until`: unix time of the last judged sample. `written`: how many points it had when it was last written down.

    `recent`: by how much its forecast was off lately.
    """

    watched: Watched
    standing: Standing
    until: float
    detector: Detector
    written: int = -1
    changed: bool = False
    recent: Recent = field(default_factory=Recent)

    def __post_init__(self) -> None:
        # Also of a series that was written down by a version that did not tell kinds apart.
        known = known_after(self.watched.expression.kind)
        if self.standing.known_after != known:
            self.standing = self.standing.model_copy(update={"known_after": known})

    @property
    def due(self) -> bool:
        """A change of what is reported is written at once, the rest now and then."""
        return self.changed or self.written < 0 or self._turns(self.detector.points) > self._turns(self.written)

    def _turns(self, points: int) -> int:
        return (points + zlib.crc32(self.watched.key.encode()) % _WRITE_EVERY) // _WRITE_EVERY

    def new(self, points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
        """Those of the samples, (unix time, value) by time, that were not judged yet."""
        return [point for point in points if point[0] > self.until]

    def take(self, points: Sequence[tuple[float, float]], expected: Expected) -> None:
        """Judge new samples, by what is expected of each."""
        rows = zip(points, expected.value.tolist(), expected.scale.tolist(), expected.sigma.tolist(), strict=True)
        for (at, value), usual, scale, deviation in rows:
            # Two pods of a deployment are one series: of two samples of one time the first counts.
            if at <= self.until:
                continue
            self.until = at
            # What is known to be trouble must not become what is known to be healthy.
            healthy = self.standing.since is None
            judged = self.detector.judge(at, value, learn=healthy)
            forecast = None
            if not math.isnan(deviation):
                correction = self.recent.judge(at, value - usual, expected.trained, learn=healthy)
                forecast = _corrected(value, usual, scale, deviation, correction)
            if judged is None and forecast is None and not is_down(self.watched.expression, value):
                continue
            moment = datetime.fromtimestamp(at, UTC)
            look = None
            if judged is not None:
                look = Look(
                    channel=judged.channel, usual=judged.usual, sigma=judged.lasting,
                    knows_a_day=self.detector.knows_a_day,
                )  # fmt: skip
            believed = self.standing.fits(moment)
            self.standing = self.standing.with_sign(
                sign(self.watched.expression, moment, value, look, forecast, believed=believed)
            )

    def judged_by(self, threshold: float) -> None:
        """From now on this is strange for it, in sigma."""
        if threshold != self.standing.threshold:
            self.standing = self.standing.model_copy(update={"threshold": threshold})
            self.changed = True

    def settle(self, standing: Standing) -> None:
        """How it stands after the decision. What was learnt of trouble before it was known to be some is forgotten."""
        began = standing.since is not None and self.standing.since is None
        self.changed = self.changed or (standing.since is None) != (self.standing.since is None)
        self.standing = standing
        if began:
            self.detector.disown()
            self.recent.disown((standing.since or standing.signs[-1].at).timestamp())

    def row(self) -> SeriesRow:
        # Thousands of numbers: json of the standard library takes nine times as long to write the very same ones.
        known = self.detector.state() | {"recent": self.recent.state()}
        return SeriesRow(
            watched=self.watched, standing=self.standing, until=datetime.fromtimestamp(self.until, UTC),
            points=self.detector.points, detector=zlib.compress(to_json(known), _COMPRESSION),
        )  # fmt: skip

    @classmethod
    def of(cls, row: SeriesRow) -> "Kept":
        """Raises ValueError for a state of another version: the series is learnt anew."""
        known = from_json(zlib.decompress(row.detector))
        detector = Detector.restore(known)
        # Written down by a version that did not know of it: it is learnt anew, within half an hour.
        recent = Recent.restore(known["recent"]) if "recent" in known else Recent()
        return cls(row.watched, row.standing, row.until.timestamp(), detector, detector.points, recent=recent)


def _corrected(value: float, usual: float, scale: float, sigma: float, correction: Correction | None) -> Deviation:
    """A forecast with what it was off by lately. One sigma is at least what that differed by within the hour."""
    if correction is None:
        return Deviation(expected=usual, scale=scale, sigma=sigma)
    expected, spread = usual + correction.level, max(scale, correction.spread)
    lately = Deviation(expected=expected, scale=spread, sigma=abs(value - expected) / spread)
    return Deviation(expected=usual, scale=scale, sigma=sigma, corrected=lately, climb=correction.rise / spread)
