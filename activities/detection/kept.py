"""One series while a worker holds it: its detector, how it stands, and when it has to be written down."""

import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from analysis.novelty import Detector
from domain.detection import SeriesRow, Sign, Standing, Watched, harmful_sigma, is_down

# A worker that dies costs so many samples at most, which the next one asks for and judges again.
_WRITE_EVERY = 20
_COMPRESSION = 1


@dataclass
class Kept:
    """`until`: unix time of the last judged sample. `written`: how many points it had when it was last written down."""

    watched: Watched
    standing: Standing
    until: float
    detector: Detector
    written: int = -1
    changed: bool = False

    @property
    def due(self) -> bool:
        """A change of what is reported is written at once, the rest now and then."""
        return self.changed or self.written < 0 or self.detector.points - self.written >= _WRITE_EVERY

    def take(self, points: Sequence[tuple[float, float]]) -> None:
        """Judge the samples that are new, (unix time, value) by time."""
        for at, value in points:
            if at <= self.until:
                continue
            self.until = at
            # What is known to be trouble must not become what is known to be healthy.
            judged = self.detector.judge(at, value, learn=self.standing.since is None)
            usual = value if judged is None else judged.usual
            strange = 0.0 if judged is None else judged.lasting
            if judged is None and not is_down(self.watched.expression, value):
                continue
            self.standing = self.standing.with_sign(
                Sign(
                    at=datetime.fromtimestamp(at, UTC),
                    value=value,
                    usual=usual,
                    sigma=harmful_sigma(self.watched.expression, value, usual, strange),
                    look="" if judged is None else judged.channel,
                )
            )

    def settle(self, standing: Standing) -> None:
        """How it stands after the decision. What was learnt of trouble before it was known to be some is forgotten."""
        began = standing.since is not None and self.standing.since is None
        self.changed = self.changed or (standing.since is None) != (self.standing.since is None)
        self.standing = standing
        if began:
            self.detector.disown()

    def row(self) -> SeriesRow:
        state = json.dumps(self.detector.state(), separators=(",", ":")).encode()
        return SeriesRow(
            watched=self.watched, standing=self.standing, until=datetime.fromtimestamp(self.until, UTC),
            points=self.detector.points, detector=zlib.compress(state, _COMPRESSION),
        )  # fmt: skip

    @classmethod
    def of(cls, row: SeriesRow) -> "Kept":
        """Raises ValueError for a state of another version: the series is learnt anew."""
        detector = Detector.restore(json.loads(zlib.decompress(row.detector)))
        return cls(row.watched, row.standing, row.until.timestamp(), detector, detector.points)
