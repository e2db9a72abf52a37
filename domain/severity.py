"""How bad an incident is: the rules of severity, each with its reason."""

import math
from collections.abc import Iterable, Iterator

from domain.anomaly import Anomaly
from domain.levels import Severity
from domain.model import Model

LABEL_LEVELS: dict[str, Severity] = {
    "critical": Severity.CRITICAL,
    "page": Severity.CRITICAL,
    "emergency": Severity.CRITICAL,
    "error": Severity.HIGH,
    "high": Severity.HIGH,
    "warning": Severity.MEDIUM,
    "medium": Severity.MEDIUM,
    "info": Severity.LOW,
    "low": Severity.LOW,
}
NO_LABEL = Severity.MEDIUM
_MOST_REASONS = 10
HIGHEST = Severity.CRITICAL
Pair = tuple[str, str]
"""What makes a signal a distinct one: expression and service."""
SIGMA_STEPS = ((10.0, Severity.CRITICAL), (6.0, Severity.HIGH), (4.0, Severity.MEDIUM))
PAIR_STEPS = ((5, Severity.CRITICAL), (3, Severity.HIGH), (1, Severity.MEDIUM))
ENOUGH_PAIRS = PAIR_STEPS[0][0] + 1
"""With so many it cannot become worse."""
IMPACT_STEPS = ((0.25, Severity.CRITICAL), (0.05, Severity.HIGH))


class Assessment(Model):
    """A severity and the sentences that led to it, each once."""

    severity: Severity
    reasons: tuple[str, ...]


def severity_of_label(label: str | None) -> Severity:
    """The level that a sender's severity label stands for; unknown and missing labels are MEDIUM."""
    return LABEL_LEVELS.get((label or "").strip().lower(), NO_LABEL)


def assess(anomalies: Iterable[Anomaly], failing_share: float | None = None, pairs: Iterable[Pair] = ()) -> Assessment:
    """Severity of the anomalies together.

    `failing_share` is the measured share (0 to 1) of user-facing requests that fail, None when nobody measured it.
    Pairs are distinct (expression, service); those known only by a LOW label do not count. `pairs`: those that were
    seen before, whether or not their anomalies are among these.
    """
    verdicts = sorted(_verdicts(tuple(anomalies), failing_share, pairs), key=lambda v: -v[0].rank)
    if not verdicts:
        return Assessment(severity=Severity.LOW, reasons=("nothing above LOW was reported",))
    top = verdicts[0][0]
    return Assessment(
        severity=top, reasons=_few(tuple(dict.fromkeys(said for level, said in verdicts if level is top)))
    )


def level_of(anomaly: Anomaly) -> Severity:
    """What one anomaly says by itself: its deviation or its label, whichever is worse."""
    levels = [anomaly.severity_label or Severity.LOW]
    if anomaly.sigma is not None and math.isfinite(anomaly.sigma):
        levels += [level for level, _ in _step(anomaly.sigma, SIGMA_STEPS, "")]
    return max(levels, key=lambda level: level.rank)


def counted_pair(anomaly: Anomaly) -> Pair | None:
    """The signal that it is, None for one that does not count as such."""
    return None if anomaly.severity_label is Severity.LOW and anomaly.sigma is None else (anomaly.name, anomaly.service)


def _verdicts(
    anomalies: tuple[Anomaly, ...], share: float | None, before: Iterable[Pair]
) -> Iterator[tuple[Severity, str]]:
    # What is not a finite number is no number: with NaN, max() would depend on the order of arrival.
    sigma = max((a.sigma for a in anomalies if a.sigma is not None and math.isfinite(a.sigma)), default=None)
    if sigma is not None:
        yield from _step(sigma, SIGMA_STEPS, f"largest deviation is {sigma:.1f} sigma")
    pairs = {*before, *(pair for a in anomalies if (pair := counted_pair(a)) is not None)}
    yield from _step(len(pairs), PAIR_STEPS, f"{len(pairs)} distinct signals")
    for anomaly in sorted(anomalies, key=lambda a: a.name):
        if anomaly.severity_label is not None:
            yield anomaly.severity_label, f"alert {anomaly.name} is labelled {anomaly.severity_label}"
    if share is not None:
        yield from _step(share, IMPACT_STEPS, f"{share:.0%} of user-facing requests fail")


def _few(reasons: tuple[str, ...]) -> tuple[str, ...]:
    """So many that people read them: a storm can have thousands."""
    rest = len(reasons) - _MOST_REASONS
    return reasons if rest <= 0 else (*reasons[:_MOST_REASONS], f"{rest} more")


def _step(value: float, steps: tuple[tuple[float, Severity], ...], reason: str) -> Iterator[tuple[Severity, str]]:
    for bound, level in steps:
        if value > bound:
            yield level, reason
            return
