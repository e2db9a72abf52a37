"""How much a change says, in bits: by how shortly before the trouble it came, or by how often something happened."""

from analysis.bits import Z0_COUNT, bits

NEAR_S = 900.0
"""A change a quarter of an hour before the onset is one bit."""
# A second is what Kubernetes' clocks tell apart.
_LEAST_S = 1.0


def nearness_bits(before_onset_s: float) -> float:
    """b(900 s / time before the onset; 1). What came after the onset did not cause it: 0.

    2 min are 5.8 bits, 5 min 3.3, 15 min 1, 30 min 0.3, an hour 0.1.
    """
    if before_onset_s < 0:
        return 0.0
    return bits(NEAR_S / max(before_onset_s, _LEAST_S), 1.0)


def kill_bits(kills: int) -> float:
    """b(2 kills; 1): the kernel says plainly what it did. One is 2.3 bits, three are 5.2."""
    return bits(2 * kills, 1.0)


def count_bits(count: int) -> float:
    """b(count; 2), for what says that something is wrong and not what."""
    return bits(count, Z0_COUNT)
