"""The forest itself: grown from sealed rows, and asked about moments. The only module that knows scikit-learn.

Importing it takes seconds, so it is imported by the process that is asked and by no other.
"""

# scikit-learn has no types.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportArgumentType=false

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from analysis.forest.matrix import Times
from analysis.forest.sealing import Matrix
from analysis.series import Floats
from domain.forest import Feature

TREES, CONTAMINATION, SEED = 100, 0.01, 42
"""As in spec."""
CONTRIBUTES_FROM = 0.1
# Some 1.5 MB each; a forest that is asked about again and again, as in a storm, is grown once.
_MOST_KEPT = 16


@dataclass(frozen=True)
class Part:
    """What a feature has to do with it. `rise`: how much more usual the moment would be with the feature's mean over
    the training rows in the place of its value, in `score_samples`.
    """

    feature: Feature
    value: float
    mean: float
    rise: float

    @property
    def contributes(self) -> bool:
        return self.rise > CONTRIBUTES_FROM


@dataclass(frozen=True)
class Verdict:
    """What the forest says of a moment (unix time `at`), the middle one by score of `moments` that were looked at.

    `score`: scikit-learn's decision_function, which is score_samples less the value that 1 % of the training rows are
    below; unusual is what is below 0. `parts`: the features, the one that raises it most first.
    """

    at: float
    score: float
    parts: tuple[Part, ...]
    moments: int

    @property
    def is_anomaly(self) -> bool:
        return self.score < 0

    @property
    def contributing(self) -> tuple[Part, ...]:
        return tuple(part for part in self.parts if part.contributes)


class Grown:
    """StandardScaler and IsolationForest on the rows of a matrix. The same rows give the same forest."""

    def __init__(self, matrix: Matrix) -> None:
        from sklearn.ensemble import IsolationForest  # noqa: PLC0415 - seconds
        from sklearn.preprocessing import StandardScaler  # noqa: PLC0415 - seconds

        self._features = matrix.features
        self._means: Floats = matrix.rows.mean(axis=0)
        self._scaler = StandardScaler().fit(matrix.rows)
        self._forest = IsolationForest(n_estimators=TREES, contamination=CONTAMINATION, random_state=SEED)
        self._forest.fit(self._scaler.transform(matrix.rows))

    def scores(self, rows: Floats) -> Floats:
        """decision_function of each row."""
        return np.asarray(self._forest.decision_function(self._scaler.transform(rows)), dtype=np.float64)

    def judge(self, times: Times, rows: Floats) -> Verdict:
        """The verdict on moments with a value of every feature; one at least.

        Of several the middle one counts: half of them are at least as unusual, so that one odd sample is none.
        """
        scores = self.scores(rows)
        middle = int(np.argsort(scores, kind="stable")[(scores.size - 1) // 2])
        row, score = rows[middle], float(scores[middle])
        replaced = np.where(np.eye(row.size, dtype=np.bool_), self._means, row)
        rises = self.scores(replaced) - score
        parts = [
            Part(feature, float(row[n]), float(self._means[n]), float(rises[n]))
            for n, feature in enumerate(self._features)
        ]
        ranked = sorted(parts, key=lambda part: (-part.rise, part.feature.key))
        return Verdict(float(times[middle]), score, tuple(ranked), int(scores.size))


@lru_cache(maxsize=_MOST_KEPT)
def grown(matrix: Matrix) -> Grown:
    """The forest of these rows, kept by their checksum for as long as this process needs it again."""
    return Grown(matrix)


def judge(matrix: Matrix, times: Times, rows: Floats) -> Verdict:
    """What a process is asked: the verdict on moments (whole unix seconds, with a row of values each)."""
    return grown(matrix).judge(times, rows)
