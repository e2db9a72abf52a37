"""The forest of a service, or of a group of services: what is kept of its history, when it is made anew, and when it
can no longer be believed.

Pure and without a clock. What is kept is numbers and names; the forest itself is fitted where it is asked.
"""

from datetime import datetime, timedelta

from pydantic import AwareDatetime

from domain.forecast import STALE_AFTER
from domain.model import Model

LONGEST_HISTORY = timedelta(days=30)
LEAST_ROWS, LEAST_FEATURES = 256, 2
"""Each tree draws 256 rows: with fewer, all trees would be grown from the same ones. One feature is no pattern."""
MOST_ROWS, MOST_FEATURES = 4_500, 32
"""30 days at ten minutes are 4,320 rows; with 32 features they are 550 kB."""


def group_of(service: str) -> str:
    """By what name the forest is kept that is of a service together with all that it depends on."""
    return f"group of {service}"


class Feature(Model):
    """A series as a column of the matrix: `key` as detection knows it, `query` as it is asked."""

    key: str
    service: str
    expression: str
    query: str
    unit: str = ""
    labels: tuple[tuple[str, str], ...] = ()


class Forest(Model):
    """What is kept for a service, or for a group under its name. Without a `matrix` there is none, `reason` says why.

    `times`: unix seconds of each row, eight bytes little-endian; `matrix`: its values by `features`, four-byte floats,
    row after row; `checksum`: SHA-256 over both, the features and `versions` (analysis.forest.sealing has the form).
    `queries`: all that were asked for it; `left_out`: what of them is no feature, and why.
    """

    service: str
    versions: str
    queries: tuple[str, ...]
    trained_at: AwareDatetime
    again_at: AwareDatetime
    ready_at: AwareDatetime | None = None
    reason: str = ""
    features: tuple[Feature, ...] = ()
    left_out: tuple[str, ...] = ()
    times: bytes = b""
    matrix: bytes = b""
    checksum: str = ""

    @property
    def ready(self) -> bool:
        return bool(self.matrix)

    def stale(self, now: datetime) -> bool:
        return self.ready and now > self.trained_at + STALE_AFTER

    def fresh(self, queries: tuple[str, ...], versions: str, now: datetime) -> bool:
        """Is there nothing to make? What was made of other queries or by another version is made anew."""
        return self.queries == queries and self.versions == versions and now < self.again_at
