"""What a forest says, in words."""

from collections.abc import Sequence

from analysis.forest.fitting import Part, Verdict
from analysis.redaction import name as clean
from domain.forest import Feature

_SHOWN = 3


def sentence(verdict: Verdict) -> str:
    """What is unusual, by how much, and through which series."""
    if not verdict.is_anomaly:
        return f"its {len(verdict.parts)} series are not unusual together (forest {verdict.score:+.2f})"
    first = verdict.parts[0]
    named = [part for part in verdict.parts if part is first or part.rise >= first.rise / 3 > 0][:_SHOWN]
    through = f"mostly {_told(first)}" if first.contributes else "none of them alone"
    said = " and ".join(labelled(part.feature) for part in named)
    unusual = "are unusual together" if len(named) > 1 else "is unusual beside the others"
    return f"{said} {unusual} (forest {verdict.score:+.2f}, {through})"


def labelled(feature: Feature) -> str:
    """An expression, with what tells its series apart where that is more than the service."""
    labels = [f"{key}={value}" for key, value in feature.labels if key not in {"service", "__name__"}]
    return clean(f"{feature.expression} {' '.join(labels)}".strip())


def absent_sentence(features: Sequence[Feature]) -> str:
    """Why no moment could be judged."""
    if not features:
        return "its series have no value at the same moment"
    return f"no value of {', '.join(labelled(feature) for feature in features[:_SHOWN])}"


def _told(part: Part) -> str:
    value = f"{part.value:.3g} {part.feature.unit}".strip()
    return f"{labelled(part.feature)} {value}, on average {part.mean:.3g}"
