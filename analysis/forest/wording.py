"""What a forest says, in words."""

from collections.abc import Sequence

from analysis.forest.fitting import Part, Verdict
from analysis.redaction import name as clean
from domain.forest import Feature, Forest

_SHOWN, _MANY = 3, 2


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


def group_sentence(verdict: Verdict) -> str | None:
    """Which services are unusual together; None: not more than one is, which its own forest says."""
    if not verdict.is_anomaly:
        return None
    first = verdict.parts[0]
    services = dict.fromkeys(part.feature.service for part in verdict.parts if part.rise >= first.rise / 3 > 0)
    if len(services) < _MANY:
        return None
    *others, last = [clean(service) for service in services][:_SHOWN]
    through = f"mostly {clean(first.feature.service)} {_told(first)}" if first.contributes else "none of them alone"
    return f"{', '.join(others)} and {last} are unusual together (forest {verdict.score:+.2f}, {through})"


def labelled(feature: Feature) -> str:
    """An expression, with what tells its series apart where that is more than the service."""
    labels = [f"{key}={value}" for key, value in feature.labels if key not in {"service", "__name__"}]
    return clean(f"{feature.expression} {' '.join(labels)}".strip())


def named(feature: Feature, forest: Forest) -> str:
    """A series, with its service in the forest of a group."""
    return labelled(feature) if feature.service == forest.service else f"{clean(feature.service)} {labelled(feature)}"


def absent_sentence(features: Sequence[Feature]) -> str:
    """Why no moment could be judged."""
    if not features:
        return "its series have no value at the same moment"
    return f"no value of {', '.join(labelled(feature) for feature in features[:_SHOWN])}"


def _told(part: Part) -> str:
    value = f"{part.value:.3g} {part.feature.unit}".strip()
    return f"{labelled(part.feature)} {value}, on average {part.mean:.3g}"
