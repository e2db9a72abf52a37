"""What is tried again every few seconds is said now and then: the first time, then the second, fourth, eighth ..."""

from collections import Counter


class Insisting:
    """Counts what did not succeed, each by its name."""

    def __init__(self) -> None:
        self._times: Counter[str] = Counter()

    def again(self, what: str) -> str | None:
        """It did not succeed once more: what to add to saying so; None: it is not said this time."""
        self._times[what] += 1
        times = self._times[what]
        if times & (times - 1):
            return None
        return "and is asked again" if times == 1 else f"though it was asked {times} times, and is asked again"
