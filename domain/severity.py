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
SIGMA_STEPS = ((10.0, Severity.CRITICAL), (6.0, Severity.HIGH), (4.0, Severity.MEDIUM))
PAIR_STEPS = ((5, Severity.CRITICAL), (3, Severity.HIGH), (1, Severity.MEDIUM))
IMPACT_STEPS = ((0.25, Severity.CRITICAL), (0.05, Severity.HIGH))


class Assessment(Model):
    """A severity and the sentences that led to it, each once."""

    severity: Severity
    reasons: tuple[str, ...]


def severity_of_label(label: str | None) -> Severity:
    """The level that a sender's severity label stands for; unknown and missing labels are MEDIUM."""
    return LABEL_LEVELS.get((label or "").strip().lower(), NO_LABEL)


def assess(anomalies: Iterable[Anomaly], failing_share: float | None = None) -> Assessment:
    """Severity of the anomalies together.

    `failing_share` is the measured share (0 to 1) of user-facing requests that fail, None when nobody measured it.
    Pairs are distinct (expression, service); those known only by a LOW label do not count.
    """
    verdicts = sorted(_verdicts(tuple(anomalies), failing_share), key=lambda v: -v[0].rank)
    if not verdicts:
        return Assessment(severity=Severity.LOW, reasons=("nothing above LOW was reported",))
    top = verdicts[0][0]
    return Assessment(severity=top, reasons=tuple(dict.fromkeys(said for level, said in verdicts if level is top)))


def _verdicts(anomalies: tuple[Anomaly, ...], share: float | None) -> Iterator[tuple[Severity, str]]:
    # What is not a finite number is no number: with NaN, max() would depend on the order of arrival.
    sigma = max((a.sigma for a in anomalies if a.sigma is not None and math.isfinite(a.sigma)), default=None)
    if sigma is not None:
        yield from _step(sigma, SIGMA_STEPS, f"largest deviation is {sigma:.1f} sigma")
    pairs = {(a.name, a.service) for a in anomalies if not _only_low(a)}
    yield from _step(len(pairs), PAIR_STEPS, f"{len(pairs)} distinct signals")
    for anomaly in sorted(anomalies, key=lambda a: a.name):
        if anomaly.severity_label is not None:
            yield anomaly.severity_label, f"alert {anomaly.name} is labelled {anomaly.severity_label}"
    if share is not None:
        yield from _step(share, IMPACT_STEPS, f"{share:.0%} of user-facing requests fail")


def _only_low(anomaly: Anomaly) -> bool:
    return anomaly.severity_label is Severity.LOW and anomaly.sigma is None


def _step(value: float, steps: tuple[tuple[float, Severity], ...], reason: str) -> Iterator[tuple[Severity, str]]:
    for bound, level in steps:
        if value > bound:
            yield level, reason
            return
