"""Failed logins, counted: who fails often has to wait."""

from collections import deque
from datetime import datetime, timedelta

MOST = 5
WITHIN = timedelta(minutes=5)
_MOST_KNOWN = 10_000


class Guesses:
    """Counts failures of each name (a peer's address, a person's name) in memory."""

    def __init__(self, most: int = MOST, within: timedelta = WITHIN) -> None:
        self._most, self._within = most, within
        self._failed: dict[str, deque[datetime]] = {}

    def wait_s(self, name: str, now: datetime) -> int:
        """For how many seconds this one has to wait; 0: it may try."""
        failed = self._recent(name, now)
        if len(failed) < self._most:
            return 0
        return max(1, int((failed[-self._most] + self._within - now).total_seconds()))

    def failed(self, name: str, now: datetime) -> None:
        """One more failure. Of too many names the oldest are forgotten."""
        if len(self._failed) >= _MOST_KNOWN:
            self._failed.pop(next(iter(self._failed)))
        self._failed.setdefault(name, deque(maxlen=self._most)).append(now)

    def succeeded(self, name: str) -> None:
        self._failed.pop(name, None)

    def _recent(self, name: str, now: datetime) -> deque[datetime]:
        failed = self._failed.get(name, deque[datetime]())
        while failed and now - failed[0] >= self._within:
            failed.popleft()
        return failed
