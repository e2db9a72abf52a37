"""What came of asking a language model, as every surface shows it."""

from pydantic import AwareDatetime

from domain.advice.opinion import Suspect
from domain.advice.talk import Usage
from domain.advice.weighing import Standing
from domain.finding import EvidenceRef, Finding
from domain.model import Model

MOST_CALLS = 20
"""Calls that an incident refers to: their prompts and answers are in the store, their costs are in the sums."""
_A_ROUNDING = 1e-9


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
    `about`: what it was asked of, to know the same question again; empty where no answer came, as another try may
    bring one. `calls`: that were answered, of all consultations, the last MOST_CALLS of them.
    `usd`: by the ledger, for all of the incident. `unanswered_usd`: what of it calls without an answer may have cost.
    `at_least`: the ledger could not be asked after the last one, and more may have been spent. `at`: when the last one
    ended, None: before that was kept.
    """

    model: str
    at: AwareDatetime | None = None
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
    unanswered_usd: float = 0.0
    at_least: bool = False
    tokens: int = 0

    @property
    def cost(self) -> str:
        """What all consultations of the incident cost, in words."""
        lost = f", of which ${self.unanswered_usd:.4f} booked in full for calls without an answer"
        paid = f"${self.usd:.4f} for {self.tokens:,} tokens{lost if self.unanswered_usd else ''}"
        return f"at least {paid}" if self.at_least else paid

    def billed(self, known_usd: float | None) -> "Advice":
        """With the sum that the ledger has, None: it did not say. Until then `usd` is what the calls that were answered
        cost, and what is known of those that were not.
        """
        if known_usd is None:
            return self.model_copy(update={"at_least": True})
        more = known_usd - (self.usd - self.unanswered_usd)
        lost = more if more > _A_ROUNDING else 0.0
        return self.model_copy(update={"usd": self.usd - self.unanswered_usd + lost, "unanswered_usd": lost})

    @property
    def brief(self) -> "Advice":
        """What a message needs."""
        return self.model_copy(update={"evidence": (), "calls": ()})


class Advised(Model):
    """A consultation that has ended, as the machine's own state shows it. `answered`: there was an opinion."""

    incident: str
    at: AwareDatetime
    answered: bool
    said: str

    @classmethod
    def of(cls, incident: str, advice: Advice) -> "Advised | None":
        """None: it was not kept when it ended."""
        if advice.at is None:
            return None
        return cls(incident=incident, at=advice.at, answered=advice.standing is not None, said=advice.said)


def in_words(adviser: str | None, advice: Advice | None, *, over: bool) -> str:
    """Where an incident stands with a language model. `adviser`: the one that is asked in it; `over`: it is closed."""
    if advice is not None:
        return f"{advice.model}: {advice.said} ({advice.cost})"
    if adviser is None:
        return "off"
    return f"{adviser}: {'was not asked' if over else 'not asked so far'}"
