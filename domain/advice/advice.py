"""What came of asking a language model, as every surface shows it."""

from pydantic import AwareDatetime

from domain.advice.opinion import Suspect
from domain.advice.talk import Usage
from domain.advice.weighing import Standing
from domain.finding import EvidenceRef, Finding
from domain.model import Model


class Call(Model):
    """One call that was paid for. `seconds`: until its answer. `transcript`: what was sent and what came back, masked,
    in the store; `note` says why it is not there.
    """

    at: AwareDatetime
    usage: Usage
    usd: float
    seconds: float
    transcript: EvidenceRef | None = None
    note: str = ""


class Advice(Model):
    """The last consultation of an incident, and what all of them cost. Its words are the model's, thus untrusted.

    `standing` None: there is no opinion, and `said` says why; the statistical answer stands then. `suspects`: what is
    left of its opinion. `evidence`: findings that it asked for, M1, M2 ...: no part of the ranking or of any plan.
    `about`: what it was asked of, to know the same question again.
    """

    model: str
    standing: Standing | None = None
    said: str
    suspects: tuple[Suspect, ...] = ()
    dropped: tuple[str, ...] = ()
    looked: tuple[str, ...] = ()
    evidence: tuple[Finding, ...] = ()
    calls: tuple[Call, ...] = ()
    consultations: int = 0
    about: str = ""
    usd: float = 0.0
    tokens: int = 0

    @property
    def cost(self) -> str:
        """What all consultations of the incident cost, in words."""
        return f"${self.usd:.4f} for {self.tokens:,} tokens"

    @property
    def brief(self) -> "Advice":
        """What a message needs."""
        return self.model_copy(update={"evidence": (), "calls": ()})
