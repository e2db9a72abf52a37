"""What an investigation is asked: which services, since when, and what was reported."""

from pydantic import AwareDatetime, Field

from domain.anomaly import Anomaly
from domain.finding import Finding
from domain.model import Model
from domain.services import ServiceMap


class Question(Model):
    """The trouble as far as it is known.

    `services`: the primary one first, then what it depends on, each once. `onset` is the first anomaly's start, `now`
    the moment of asking: an investigation reads nothing later than that.
    """

    incident: str
    services: tuple[str, ...] = Field(min_length=1)
    anomalies: tuple[Anomaly, ...] = ()
    onset: AwareDatetime
    now: AwareDatetime
    graph: ServiceMap
    found: tuple[Finding, ...] = Field(default=(), description="what others found; memory compares symptoms with it")

    @property
    def primary(self) -> str:
        return self.services[0]


class RankQuestion(Model):
    """The question again, with the findings that answer it; every finding has its id."""

    question: Question
    findings: tuple[Finding, ...]
