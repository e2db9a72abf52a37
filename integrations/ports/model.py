"""A language model, and what it cost."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from domain.advice.ledger import Account
from domain.advice.money import Spent
from domain.advice.talk import Exchange, Reply, Usage
from domain.advice.terms import Terms
from domain.model import Model
from integrations.ports.errors import Unavailable


class Unanswered(Unavailable):
    """It was sent, and no answer came: it may have been paid for."""


class Offer(Model):
    """A tool that the model may use. `parameters` is a JSON schema."""

    name: str
    description: str
    parameters: dict[str, object]


class Inquiry(Model):
    """What a language model is asked, whole: nothing is kept on the other side. It leaves the house.

    `instructions` are ours; `evidence` is JSON with untrusted text in it, masked. `exchanges`: what it asked to see
    since, and what it was shown. `offers`: none, and it has to answer now. `seconds`: how long it may take.
    """

    model: str
    temperature: float
    instructions: str
    evidence: str
    exchanges: tuple[Exchange, ...] = ()
    offers: tuple[Offer, ...] = ()
    most_output_tokens: int
    seconds: float


class LanguageModel(Protocol):
    """A model behind OpenAI's chat completions, whoever serves it."""

    def most(self, inquiry: Inquiry) -> Usage:
        """The most that this call may come to, by all that is sent for it. Asks nobody."""
        ...

    def ask(self, inquiry: Inquiry) -> Reply:
        """One call, never repeated by itself. An answer that is cut off, refused or nonsense is a Reply that says so,
        since it was paid for.

        Raises Unavailable where a retry may help and nothing was paid (408, 409, 425, 429 with its Retry-After, 5xx,
        no connection), Unanswered when none came in time, Rejected where it would not (400, 401, 403, 404, 422).
        """
        ...

    def models(self, seconds: float) -> Sequence[str]:
        """Names of the models that the other side offers: a question that costs nothing."""
        ...


class ModelLedger(Protocol):
    """What calls of language models cost: one place where all incidents ask before they pay."""

    def begin(self, key: str, incident: str, at: datetime, most_usd: float, terms: Terms) -> Account:
        """Under a lock: may this call be made, which may cost `most_usd`? Until it ends it counts as that much.

        By the rules of `domain.advice.ledger`.
        """
        ...

    def end(self, key: str, usd: float, kept: str | None) -> None:
        """It cost so much. `kept` None: it failed, and may be tried again; what it cost stays counted."""
        ...

    def spent(self, incident: str | None, now: datetime) -> Spent:
        """By this incident, and by all within the hour before `now`."""
        ...
