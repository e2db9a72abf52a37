"""Whether a call of a language model may be made: nothing is paid for twice, and nothing beyond the limits."""

from enum import StrEnum

from domain.advice.money import Spent, objection
from domain.advice.terms import Terms
from domain.model import Model


class Admission(StrEnum):
    """NEW: it may be made. ANSWERED: it was, and its answer is kept. LOST: a worker died over it, and nobody knows
    whether it was paid for. OVER_BUDGET: it could cost more than is left.
    """

    NEW = "new"
    ANSWERED = "answered"
    LOST = "lost"
    OVER_BUDGET = "over_budget"


class Entry(Model):
    """What is known of a call. `under_way`: it has begun, and nobody has said how it ended. `kept`: its answer."""

    under_way: bool
    kept: str | None = None


class Account(Model):
    """What a ledger says of a call. `kept`: of one that was answered. `objection`: why it is not made."""

    admission: Admission
    kept: str = ""
    objection: str = ""


def admission(known: Entry | None, most_usd: float, spent: Spent, terms: Terms) -> Account:
    """`known`: an earlier try of the very same call. One that failed may be tried again."""
    if known is not None and known.kept is not None:
        return Account(admission=Admission.ANSWERED, kept=known.kept)
    if known is not None and known.under_way:
        said = "the worker that asked died before the answer was kept; what may have been paid is not paid twice"
        return Account(admission=Admission.LOST, objection=said)
    too_much = objection(most_usd, spent, terms)
    if too_much is not None:
        return Account(admission=Admission.OVER_BUDGET, objection=too_much)
    return Account(admission=Admission.NEW)
