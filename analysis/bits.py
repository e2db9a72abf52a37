"""One unit for all evidence: bits.

b(z; z0) = log2(1 + (max(0, z) / z0)^2), where z is how many scales something lies outside its baseline, in the harmful
direction. It is the log-likelihood ratio of a Cauchy tail against its centre (the Lorentzian of robust statistics): a
deviation of z0 scales is one bit, and a thousand times that is not a thousand times the evidence. Being free of units,
it lets error shares, seconds and numbers of sessions be added. z0 = 5 for magnitudes, 2 for counts of patterns: set on
tuning faults of the public benchmarks Sock Shop, PetShop and Nezha before this was built.
"""

import math

Z0_MAGNITUDE = 5.0
Z0_COUNT = 2.0
ABSENT_BITS = 1.0
"""That a source looked and saw nothing speaks against, as much as a deviation of z0 scales speaks for."""

# Of a count that was expected to be nought: half an event, so that the first one already says a little.
_LEAST_EXPECTED = 0.5


def bits(z: float, z0: float = Z0_MAGNITUDE) -> float:
    """Evidence in bits of a deviation of `z` scales; 0 for z <= 0. Raises ValueError for numbers that say nothing."""
    if not math.isfinite(z):
        raise ValueError(f"z: {z!r} is not a finite number")
    if not z0 > 0:
        raise ValueError(f"z0: {z0!r} is not above 0")
    return math.log2(1.0 + (max(0.0, z) / z0) ** 2)


def clipped(share: float) -> float:
    """clip(share, 0, 1): as the formulas of docs/diagnosis.md write it."""
    return min(1.0, max(0.0, share))


def count_z(seen: float, expected: float) -> float:
    """How many scales `seen` events lie above (or, negative, below) `expected`.

    The signed root of the likelihood-ratio statistic G for one Poisson count, G = 2 (n ln(n/m) - (n - m)).
    """
    mean = max(expected, _LEAST_EXPECTED)
    term = seen * math.log(seen / mean) if seen > 0 else 0.0
    g = 2.0 * (term - (seen - mean))
    return math.copysign(math.sqrt(max(0.0, g)), seen - mean)


def odds_of_full(used: float, limit: float) -> float:
    """Used over free places; half a place is always taken as free, so that a full thing has finite odds.

    Raises ValueError for a limit that is not above 0.
    """
    if not limit > 0:
        raise ValueError(f"limit: {limit!r} is not above 0")
    return used / (max(0.0, limit - used) + 0.5)
