"""A number with its unit, as people read it. The same on every surface."""

_SHARES = frozenset({"share", "ratio"})


def quantity(value: float, unit: str) -> str:
    """Four digits and the unit; a share or ratio (0 to 1) as a percentage, bytes by the million."""
    if unit in _SHARES:
        return f"{100 * value:.4g} %"
    if unit == "bytes":
        return f"{value / 1e6:.4g} MB"
    return f"{value:.4g} {unit}".rstrip()
