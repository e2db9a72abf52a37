"""The values that a series has shown, each once: how far is a new one from all of them?"""

from array import array
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field

# Two values closer than this share of the scale are one codeword. From 0.001 to 0.01 nothing changes; it bounds the
# length to about 200 codewords over the scale, and a few more for what lies outside of it.
_RESOLUTION = 0.005
# Points after which a codeword that nothing came near is forgotten, so that a repeat long after is new again, and a
# series that moved away for good is not judged by where it was. Below 2,000 the healthy repeats of a week come as new.
_MEMORY = 4_000
_CLEAN_EVERY = 64


@dataclass
class Codebook:
    """Sorted codewords, and the number of the point at which each was last near.

    In arrays: as objects they were most of what a worker holds, and what Python's collector goes through.
    """

    words: "array[float]" = field(default_factory=lambda: array("d"))
    seen: "array[int]" = field(default_factory=lambda: array("q"))

    @property
    def span(self) -> float:
        """From the least to the greatest value that is remembered."""
        return self.words[-1] - self.words[0] if self.words else 0.0

    def nearest(self, value: float) -> float | None:
        """The codeword closest to a value; None while nothing was learnt."""
        place = self._place(value)
        return None if place is None else self.words[place]

    def learn(self, value: float, scale: float, now: int) -> bool:
        """Remember a value of point number `now`: as a codeword of its own (True), or as another sight of one."""
        place = self._place(value)
        new = place is None or abs(self.words[place] - value) > _RESOLUTION * scale
        if new:
            at = bisect_left(self.words, value)
            self.words.insert(at, value)
            self.seen.insert(at, now)
        elif place is not None:
            self.seen[place] = now
        if now % _CLEAN_EVERY == 0:
            self._forget(now - _MEMORY)
        return new

    def unlearn(self, word: float) -> None:
        """Forget a codeword, if it is still there."""
        place = self._place(word)
        if place is not None and self.words[place] == word:
            del self.words[place], self.seen[place]

    def _place(self, value: float) -> int | None:
        if not self.words:
            return None
        above = bisect_left(self.words, value)
        if above == len(self.words):
            return above - 1
        if above == 0 or self.words[above] - value <= value - self.words[above - 1]:
            return above
        return above - 1

    def _forget(self, before: int) -> None:
        if min(self.seen) < before:
            kept = [place for place, seen in enumerate(self.seen) if seen >= before]
            self.words = array("d", [self.words[place] for place in kept])
            self.seen = array("q", [self.seen[place] for place in kept])

    def state(self) -> list[Sequence[float]]:
        """Plain lists, for `restore`."""
        return [self.words.tolist(), self.seen.tolist()]

    @classmethod
    def restore(cls, state: Sequence[Sequence[float]]) -> "Codebook":
        words, seen = state
        return cls(array("d", words), array("q", [int(at) for at in seen]))
