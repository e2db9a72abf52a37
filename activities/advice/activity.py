"""One call of a language model: asked for in the ledger first, recorded whole, and never paid for twice."""

import json
import time
from collections.abc import Collection
from datetime import datetime

from pydantic import ValidationError
from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.advice.asked import Ask, Said
from activities.advice.prompt import inquiry_of
from activities.errors import LONGEST_TEXT, retry_only_what_helps
from activities.heartbeat import beating
from analysis.redaction import outgoing
from domain.advice.advice import Call
from domain.advice.ledger import Account, Admission
from domain.advice.money import cost_usd
from domain.advice.opinion import Claim, Opinion
from domain.advice.talk import Reply
from domain.advice.terms import Terms, binding
from domain.finding import EvidenceRef
from integrations.ports import (
    EvidenceStore,
    Inquiry,
    LanguageModel,
    ModelLedger,
    PortError,
    Rejected,
    Unanswered,
)

_LONGEST_CLAIM, _LONGEST_NAME = 400, 60
# More than is looked at (domain/advice/weighing.py), and all that is kept.
_MOST_SUSPECTS, _MOST_CLAIMS, _MOST_CITED = 10, 10, 40
_LONGEST_REASON = 200


class AdviceActivities:
    """Asks the model by this worker's own terms, None: none is configured on this worker, and that is said."""

    def __init__(
        self, model: LanguageModel | None, terms: Terms | None, ledger: ModelLedger, evidence: EvidenceStore | None
    ) -> None:
        self._model = model
        self._own = terms
        self._ledger = ledger
        self._evidence = evidence

    @activity.defn
    @retry_only_what_helps
    def consult(self, ask: Ask) -> Said:
        """The model's answer. The same `key` again gets the answer that was paid for, and costs nothing.

        Raises Rejected, which is final, for another model than this worker's, for a call that would be over budget and
        for one whose answer was lost.
        """
        if self._model is None or self._own is None:
            raise Rejected("no language model is configured on the worker that was asked")
        terms = binding(ask.terms, self._own)
        if isinstance(terms, str):
            raise Rejected(terms)
        with beating():
            return self._consulted(ask, self._model, terms)

    @activity.defn
    @retry_only_what_helps
    def spent_on(self, incident: str, now: datetime) -> float:
        """US dollars for all calls of the incident: those that were paid for, and those that may have been."""
        return self._ledger.spent(incident, now).incident_usd

    def _consulted(self, ask: Ask, model: LanguageModel, terms: Terms) -> Said:
        inquiry = inquiry_of(ask)
        most = cost_usd(model.most(inquiry), terms.price)
        account = self._ledger.begin(ask.key, ask.incident, ask.at, most, terms)
        if account.admission is not Admission.NEW:
            return _kept(account)
        began = time.monotonic()
        try:
            reply = model.ask(inquiry)
        except PortError as error:
            self._ledger.end(ask.key, most if isinstance(error, Unanswered) else 0.0, None)
            # What it says may repeat what it has read.
            error.args = (outgoing(str(error)),)
            raise
        said = self._said(ask, inquiry, reply, cost_usd(reply.usage, terms.price), time.monotonic() - began)
        self._ledger.end(ask.key, said.call.usd, said.model_dump_json())
        return said

    def _said(self, ask: Ask, inquiry: Inquiry, reply: Reply, usd: float, seconds: float) -> Said:
        names = {h.service for h in ask.diagnosis.hypotheses}
        opinion = _masked(reply.opinion, names) if reply.opinion is not None else None
        transcript, note = self._recorded(inquiry, reply.model_copy(update={"opinion": opinion}))
        call = Call(
            at=ask.at, usage=reply.usage, usd=usd, seconds=round(seconds, 3), transcript=transcript, note=note,
        )  # fmt: skip
        useless = outgoing(reply.useless) if reply.useless is not None else None
        return Said(opinion=opinion, uses=reply.uses, useless=useless, call=call)

    def _recorded(self, inquiry: Inquiry, reply: Reply) -> tuple[EvidenceRef | None, str]:
        """Prompt and answer in the store, or why they are not there."""
        if self._evidence is None:
            return None, "not stored: no evidence store is configured"
        content = {"sent": inquiry.model_dump(mode="json"), "answered": reply.model_dump(mode="json")}
        try:
            return self._evidence.put(json.dumps(content, sort_keys=True).encode(), "a call of the language model"), ""
        except PortError as error:
            return None, f"not stored: {str(error)[:_LONGEST_REASON]}"


def _kept(account: Account) -> Said:
    """The answer of an earlier try. Raises Rejected where there is none, and ApplicationError for one of another form
    than this build's.
    """
    if account.admission is not Admission.ANSWERED:
        raise Rejected(account.objection)
    try:
        return Said.model_validate_json(account.kept)
    except ValidationError as error:
        said = f"an answer that was kept cannot be read: {error.error_count()} fields"
        raise ApplicationError(said[:LONGEST_TEXT], type="Rejected", non_retryable=True) from error


def _masked(opinion: Opinion, candidates: Collection[str]) -> Opinion:
    """Its words may repeat what it has read, and go to pages, records and history: masked, and no more than counts.
    `candidates`: names of services that it has to give back as they are.
    """
    suspects = (
        s.model_copy(update={
            "service": s.service if s.service in candidates else outgoing(s.service, _LONGEST_NAME),
            "claims": tuple(
                Claim(
                    text=outgoing(c.text, _LONGEST_CLAIM),
                    findings=tuple(f[:_LONGEST_NAME] for f in c.findings[:_MOST_CITED]),
                )
                for c in s.claims[:_MOST_CLAIMS]
            ),
        })
        for s in opinion.suspects[:_MOST_SUSPECTS]
    )  # fmt: skip
    return Opinion(suspects=tuple(suspects))
