"""Demand as logs attest it: a service at the door writes its usual lines the more often, the more requests come in.

Counted by template, so that one that bursts is no demand: the factor is the median over the usual templates, each
weighed by its usual rate, of its rate now against the middle rate (of two the higher) of the calm's stretches. Strength
in bits is that of a series with more load (shifts.py): half of b(z; 5), z = (factor - 1) / 0.1, a tenth of the calm
being the least scale there too.

Traces cannot attest it: a search for them is cut at its limit, and systems sample them.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from analysis.bits import bits

_SCALE = 0.1
_EVIDENCE_ONLY = 0.5
# Fewer lines in a stretch tell no rate.
_LEAST_LINES = 20
_LEAST_STRETCHES = 2


@dataclass(frozen=True)
class Stretch:
    """A stretch of time of `seconds` with `total` lines, and a sample of them by template."""

    total: int
    seconds: float
    sample: Mapping[str, int]

    @property
    def rates(self) -> dict[str, float]:
        """Lines per second of each template."""
        read = sum(self.sample.values())
        return {text: n / read * self.total / self.seconds for text, n in self.sample.items()}


def stretch(total: int, seconds: float, texts: Iterable[str]) -> Stretch:
    """Lines of a stretch: `total` of them, of which these were read."""
    return Stretch(total, seconds, Counter(texts))


def factor(now: Stretch, calm: Sequence[Stretch]) -> float | None:
    """How many times as often as usual the usual lines are written; None where too few lines tell."""
    told = [s for s in calm if s.total >= _LEAST_LINES]
    if now.total < _LEAST_LINES or now.seconds <= 0 or len(told) < _LEAST_STRETCHES:
        return None
    rates, present = [s.rates for s in told], now.rates
    usual = {
        text: sorted(r.get(text, 0.0) for r in rates)[len(rates) // 2] for text in {t for r in rates for t in r}
    }  # fmt: skip
    return _middle([(present.get(text, 0.0) / rate, rate) for text, rate in usual.items() if rate > 0])


def strength(times: float) -> float:
    """What a factor says for more load, in bits."""
    return _EVIDENCE_ONLY * bits((times - 1) / _SCALE)


def _middle(weighed: Sequence[tuple[float, float]]) -> float | None:
    """The median of values with weights; None where there is none."""
    ranked = sorted(weighed)
    half, below = sum(weight for _, weight in ranked) / 2, 0.0
    for value, weight in ranked:
        below += weight
        if below >= half:
            return value
    return None
