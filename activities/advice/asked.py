"""What the activity is asked, and what it answers."""

from pydantic import AwareDatetime

from domain.advice.advice import Call
from domain.advice.looks import Look
from domain.advice.opinion import Opinion
from domain.advice.talk import ToolUse
from domain.advice.terms import Terms
from domain.anomaly import Anomaly
from domain.diagnosis import Diagnosis
from domain.finding import Finding
from domain.model import Model


class Shown(Model):
    """What came of one thing that the model wanted to see: findings, or why not."""

    look: Look | None = None
    findings: tuple[Finding, ...] = ()
    refused: str = ""


class Turn(Model):
    """One step of a consultation: what it wanted, and what it was shown, in the same order."""

    uses: tuple[ToolUse, ...]
    shown: tuple[Shown, ...]


class Ask(Model):
    """One call. `key`: of this very call, whoever makes it, however often. `at`: the moment by the incident's clock.

    `seconds`: how long it may take. `last`: it may not look at anything more. `services`: each with what it calls;
    `listed`: those of them that services.yaml names, any other name is masked like all text from outside.
    `findings`: those of the investigation, with their ids.
    """

    key: str
    incident: str
    at: AwareDatetime
    terms: Terms
    seconds: float
    last: bool
    onset: AwareDatetime
    services: dict[str, tuple[str, ...]]
    listed: tuple[str, ...] = ()
    anomalies: tuple[Anomaly, ...]
    diagnosis: Diagnosis
    findings: tuple[Finding, ...]
    turns: tuple[Turn, ...] = ()


class Said(Model):
    """What it answered, masked, and what that cost. `useless`: why there is neither an opinion nor a wish."""

    opinion: Opinion | None = None
    uses: tuple[ToolUse, ...] = ()
    useless: str | None = None
    call: Call
