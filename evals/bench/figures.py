"""What a bench writes: ratios against the baseline of the same run, and what was measured to come by them."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_PLACES = 3


def write(
    file: Path | None, name: str, scores: Mapping[str, float | None], absolute: Mapping[str, Any], *, complete: bool
) -> None:
    """One object; `complete`: did everything come out as it has to? Nothing is written without a file."""
    if file is None:
        return
    figures = {
        "name": name,
        "scores": {key: None if value is None else round(value, _PLACES) for key, value in scores.items()},
        "absolute": dict(absolute),
        "complete": complete,
    }
    file.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


def ratio(ours: float | None, baseline: float | None) -> float | None:
    """None where one of the two was not measured, or the baseline is nothing."""
    return ours / baseline if ours is not None and baseline else None
