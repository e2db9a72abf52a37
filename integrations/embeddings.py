"""Text to vectors without a model or a network: signed feature hashing.

Words, pairs of words and groups of letters are hashed into a fixed number of places, each with a sign that lets
collisions cancel out on average (Weinberger et al., Feature Hashing for Large Scale Multitask Learning, ICML 2009).
Counts are dampened (1 + log of the count, "sublinear tf"), so that a line repeated a thousand times is not the
whole text. Nothing is learned from data: the same text gives the same vector in every process and release.

scikit-learn's HashingVectorizer does the hashing too, but importing it takes 7 s and 150 MB in each worker.
"""

import hashlib
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

DIMENSIONS = 384
WORDS_SHARE = 0.7
"""Weight of words against groups of letters: words tell what it is, letters forgive how it is spelt."""
GROUPS = (3, 4, 5)
"""Lengths of the groups of letters, counted with the blanks around a word."""
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_SEPARATOR = re.compile(r"[\W_]+")
# Plain numbers, and ids of six or more hexadecimal digits; names such as p95, 5xx or 57P01 stay.
_NUMBER = re.compile(r"\b(?:\d+|(?=[a-f]*\d)[0-9a-f]{6,})\b")

Vector = Sequence[float]


class HashingEmbedder:
    """Embedder that works offline. Vectors have length 1; a text without words gives zeros."""

    name = f"hashing-{DIMENSIONS}"
    dimensions = DIMENSIONS

    def embed(self, texts: Sequence[str]) -> Sequence[Vector]:
        return [_embed(normalise(text).split()) for text in texts]


def normalise(text: str) -> str:
    """Lower-case words apart from each other. Numbers and ids differ from one incident to the next and are dropped."""
    apart = _SEPARATOR.sub(" ", _CAMEL.sub(" ", text).lower())
    return " ".join(_NUMBER.sub(" ", apart).split())


def _embed(words: Sequence[str]) -> Vector:
    by_word = _unit(_hashed((*words, *(f"{one} {two}" for one, two in pairwise(words)))))
    by_letters = _unit(_hashed(_letter_groups(words)))
    return _unit([WORDS_SHARE * w + (1 - WORDS_SHARE) * c for w, c in zip(by_word, by_letters, strict=True)])


def _letter_groups(words: Iterable[str]) -> Iterator[str]:
    for word in words:
        padded = f" {word} "
        for size in GROUPS:
            yield from (padded[at : at + size] for at in range(len(padded) - size + 1))


def _hashed(features: Iterable[str]) -> Vector:
    """Each feature's dampened count, added with its sign at its place."""
    places = [0.0] * DIMENSIONS
    for feature, count in Counter(features).items():
        # Python's own hash differs between processes.
        digest = int.from_bytes(hashlib.blake2b(feature.encode("utf-8", "replace"), digest_size=8).digest(), "big")
        sign = 1 if digest & 1 else -1
        places[(digest >> 1) % DIMENSIONS] += sign * (1 + math.log(count))
    return places


def _unit(values: Vector) -> Vector:
    length = math.hypot(*values)
    return [value / length for value in values] if length else values
