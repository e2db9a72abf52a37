"""What is remembered of a closed incident, and what a similar one tells us."""

from collections.abc import Iterable, Iterator

from pydantic import AwareDatetime

from domain.anomaly import Anomaly
from domain.finding import Category, Finding, Presence, Source
from domain.incident import Outcome
from domain.levels import Severity
from domain.model import Model
from domain.plan import Action


class Remembered(Model):
    """One closed incident as it is learned. `symptoms` is the text that similarity is measured on."""

    incident: str
    service: str
    category: Category
    cause: str
    symptoms: str
    severity: Severity
    outcome: Outcome
    opened_at: AwareDatetime
    closed_at: AwareDatetime
    actions: tuple[tuple[Action, bool], ...] = ()
    """Each action that was executed, and whether it held."""


class Similar(Model):
    """A past incident that looks alike. `score` is cosine similarity (-1 to 1), `why` names what they share."""

    remembered: Remembered
    score: float
    why: str


def symptoms_of(anomalies: Iterable[Anomaly], findings: Iterable[Finding] = ()) -> str:
    """The text that likeness is measured on, one symptom a line, each once.

    Both learning and looking up use it, so that like is compared with like. Memory's own findings are left out:
    what an old incident said is no symptom of this one.
    """
    return "\n".join(dict.fromkeys((*_alerts(anomalies), *_evidence(findings))))


def _alerts(anomalies: Iterable[Anomaly]) -> Iterator[str]:
    for anomaly in anomalies:
        yield f"{anomaly.service} {anomaly.name}: {anomaly.title}"


def _evidence(findings: Iterable[Finding]) -> Iterator[str]:
    for finding in findings:
        if finding.presence is not Presence.FOUND or finding.source is Source.MEMORY:
            continue
        likely = " ".join(category.value for category, weight in finding.categories.items() if weight > 0)
        yield f"{finding.service or ''} {finding.kind} {likely}: {finding.title}".strip()
