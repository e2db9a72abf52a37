"""Series that are counted and not kept: what a storm adds beyond what anybody reads costs some bytes each."""

from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from hashlib import blake2b

from domain.anomaly import Anomaly

MOST_COUNTED = 15_000
"""At some 30 bytes each they fit into what a new run is given. What comes beyond is only a sighting, which is said."""
_HASH_BYTES = 9


@dataclass
class Crowd:
    """Knows of each counted series whether it fires, so that *resolved* and repetition mean what they always do."""

    places: dict[str, int] = field(default_factory=dict[str, int])
    """By a hash of the series: the start of its last episode, in ms since 1970; below zero: that has resolved."""
    firing: int = 0

    def __len__(self) -> int:
        return len(self.places)

    def is_stale(self, seen: Anomaly) -> bool:
        """As `domain.anomaly.latest` judges it: of an older episode, or firing in one that has resolved."""
        place = self.places.get(_name(seen))
        return place is not None and (abs(place), place < 0) > (_start(seen), not seen.firing)

    def joins(self, anomaly: Anomaly) -> bool:
        """Count it. False: there are too many."""
        name = _name(anomaly)
        if name not in self.places and len(self.places) >= MOST_COUNTED:
            return False
        self.firing += anomaly.firing - (self.places.get(name, -1) >= 0)
        self.places[name] = _start(anomaly) if anomaly.firing else -_start(anomaly)
        return True

    def leaves(self, anomaly: Anomaly) -> tuple[bool, bool]:
        """It is kept from now on. Was this episode of it known, and did it fire when it was counted?"""
        place = self.places.pop(_name(anomaly), None)
        if place is None:
            return False, False
        self.firing -= place >= 0
        return abs(place) == _start(anomaly), place >= 0


def _name(anomaly: Anomaly) -> str:
    return urlsafe_b64encode(
        blake2b(anomaly.series.encode(errors="replace"), digest_size=_HASH_BYTES).digest()
    ).decode()


def _start(anomaly: Anomaly) -> int:
    """Never zero, which has no sign."""
    return max(1, int(anomaly.starts_at.timestamp() * 1000))
