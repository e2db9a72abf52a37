"""The most memory that a process ever had.

getrusage's ru_maxrss will not do for a child: Linux counts into it what the process had before it became another
program, which is its parent's.
"""

from pathlib import Path

_STATUS = Path("/proc/self/status")
_PEAK = "VmHWM:"
_KB_OF_A_MB = 1_024


def peak_mb(status: Path = _STATUS) -> float | None:
    """Of this process, by Linux; None: the system does not tell."""
    lines = status.read_text(encoding="ascii", errors="replace").splitlines() if status.exists() else []
    peaks = [line.removeprefix(_PEAK).split() for line in lines if line.startswith(_PEAK)]
    return int(peaks[0][0]) / _KB_OF_A_MB if peaks else None


def told(peak: float | None) -> str:
    return "an amount of memory that is not known" if peak is None else f"at most {peak:,.0f} MB of memory"
