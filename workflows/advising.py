"""A language model is asked what it makes of the findings, within bounds; what it says changes little, and is said.

Whatever goes wrong with it, the statistical answer stands. Without a model in the opening nothing happens here.
"""

import asyncio
import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from temporalio import workflow
from temporalio.exceptions import ActivityError

with workflow.unsafe.imports_passed_through():
    from activities.advice import AdviceActivities, Ask, Said, Shown, Turn
    from activities.investigation import InvestigationActivities
    from domain.advice.advice import MOST_CALLS, Advice, Call
    from domain.advice.conduct import Course, Step, look_seconds, may_look, next_step
    from domain.advice.looks import Look, Tool, read
    from domain.advice.opinion import Opinion
    from domain.advice.terms import Terms
    from domain.advice.weighing import Standing, Weighed, weigh
    from domain.catalogue import leads_to_a_plan
    from domain.diagnosis import Diagnosis
    from domain.finding import Finding, Presence
    from domain.question import Question
    from domain.timeline import Kind
    from domain.view import Next
    from workflows import options
    from workflows.calls import reason
    from workflows.casing import case_of
    from workflows.questions import question_of
    from workflows.record import Record

ACTOR = "language model"
_TOOLS = {
    Tool.METRICS: InvestigationActivities.look_at_metrics, Tool.LOGS: InvestigationActivities.look_at_logs,
    Tool.TRACES: InvestigationActivities.look_at_traces, Tool.CHANGES: InvestigationActivities.look_at_changes,
}  # fmt: skip
_MOST_SHOWN = 8
_MOST_ALERTS = 10


async def advise(record: Record, diagnosis: Diagnosis) -> Diagnosis:
    """The diagnosis after asking it, unless it was asked the very same before: then what it said holds still."""
    terms = record.opening.adviser
    if terms is None or record.over or not diagnosis.hypotheses:
        return diagnosis
    question = question_of(record, workflow.now())
    about = _about(diagnosis, record.findings)
    if record.advice is not None and record.advice.about == about:
        return _said_before(record, record.advice, diagnosis)
    record.next = Next(text=f"A language model is asked as well, for at most {terms.within_s:g} s.")
    record.changed(workflow.now())
    consultation = _Consultation(record, terms, diagnosis, question, about)
    await consultation.hold()
    return consultation.conclude(await consultation.bill())


@dataclass
class _Consultation:
    """One question and all that follows from it, until there is an opinion or a reason why there is none."""

    record: Record
    terms: Terms
    diagnosis: Diagnosis
    question: Question
    about: str
    course: Course = field(default_factory=lambda: Course(began_at=workflow.now()))
    turns: list[Turn] = field(default_factory=list[Turn])
    calls: list[Call] = field(default_factory=list[Call])
    evidence: list[Finding] = field(default_factory=list[Finding])
    weighed: Weighed | None = None
    failed: str = ""

    async def hold(self) -> None:
        """Call, show what it wants to see, call again: until it answers, or the next call may not be made."""
        while self.weighed is None and not self.failed:
            step = next_step(self.course, self.terms, workflow.now())
            if self.record.over or self.record.hands_off_by is not None:
                self.failed = "people have taken over"
            elif isinstance(step, str):
                self.failed = step
            else:
                await self._take(step)

    async def _take(self, step: Step) -> None:
        try:
            said = await workflow.execute_activity_method(
                AdviceActivities.consult, self._ask(step), summary=f"ask {self.terms.model}", **options.consult(step)
            )
        except ActivityError as error:
            self.failed = reason(error)
            return
        self.calls.append(said.call)
        self.course = self.course.model_copy(update={"calls": (*self.course.calls, said.call.usage)})
        await self._hear(said)

    async def _hear(self, said: Said) -> None:
        if said.opinion is not None:
            self._weigh(said.opinion)
        elif said.useless is not None:
            self.failed = said.useless
        else:
            await self._show(said)

    def _weigh(self, opinion: Opinion) -> None:
        ids = {f.id for f in (*self.record.findings, *self.evidence) if f.presence is not Presence.MISSING}
        self.weighed = _weighed(self.record, opinion, self.diagnosis, ids)

    async def _show(self, said: Said) -> None:
        """Look at what it wants to see, all at once, as far as that is allowed."""
        around = frozenset(self.question.services)
        wanted = [read(use, self.question.graph, around) for use in said.uses]
        allowed, self.course = may_look(wanted, self.course, self.terms)
        shown = await asyncio.gather(*(self._look(look) for look in allowed))
        self.turns.append(Turn(uses=said.uses, shown=tuple(self._numbered(one) for one in shown)))

    async def _look(self, look: Look | str) -> Shown:
        if isinstance(look, str):
            return Shown(refused=look)
        seconds = look_seconds(self.course, self.terms, workflow.now())
        if seconds is None:
            return Shown(refused="not done: no time is left, answer with what you have")
        earlier = timedelta(minutes=look.earlier_min)
        question = self.question.model_copy(
            update={
                "services": (look.service,), "onset": self.question.onset - earlier,
                "now": self.question.now - earlier,
            }
        )  # fmt: skip
        said = f"{self.terms.model} asks: {look.words}"
        try:
            found = await workflow.execute_activity_method(
                _TOOLS[look.tool], question, summary=said, **options.look(seconds)
            )
        except ActivityError as error:
            return Shown(refused=f"could not be asked: {reason(error)}")
        return Shown(look=look, findings=_strongest(found))

    def _numbered(self, shown: Shown) -> Shown:
        """Ids of their own: nothing that it asked for is part of the ranking, or of any plan."""
        begin = len(self.evidence) + 1
        found = tuple(f.model_copy(update={"id": f"M{n}"}) for n, f in enumerate(shown.findings, begin))
        self.evidence += found
        return shown.model_copy(update={"findings": found})

    def _ask(self, step: Step) -> Ask:
        record, graph = self.record, self.question.graph
        number = record.advice.consultations + 1 if record.advice is not None else 1
        named = dict.fromkeys((*self.question.services, *(s.name for s in graph.services)))
        return Ask(
            key=f"{record.incident}:advice:{number}:{len(self.calls) + 1}", incident=record.incident,
            at=workflow.now(), terms=self.terms, seconds=options.call_seconds(step), last=step.last,
            onset=self.question.onset, services={s: graph.get(s).depends_on for s in named},
            listed=tuple(s.name for s in graph.services),
            anomalies=self.question.anomalies[:_MOST_ALERTS], diagnosis=self.diagnosis,
            findings=tuple(_slim(f) for f in record.findings), turns=tuple(self.turns),
        )  # fmt: skip

    async def bill(self) -> float | None:
        """US dollars that the ledger has for the incident; None: it cannot be asked. The calls that were answered are
        not all: each try that was not answered, or whose worker died, may have been paid too.
        """
        try:
            return await workflow.execute_activity_method(
                AdviceActivities.spent_on, args=[self.record.incident, workflow.now()],
                summary="what the model cost", **options.BILL,
            )  # fmt: skip
        except ActivityError:
            return None

    def conclude(self, known_usd: float | None) -> Diagnosis:
        """What came of it, once in the timeline, and on every surface."""
        record = self.record
        before = record.advice or Advice(model=self.terms.model, said="")
        weighed = self.weighed or Weighed(standing=Standing.VOID, diagnosis=self.diagnosis)
        void = weighed.standing is Standing.VOID
        record.advice = Advice(
            model=self.terms.model, at=workflow.now(), standing=None if void else weighed.standing,
            said=_in_words(weighed, self.diagnosis, self.failed), suspects=weighed.suspects, dropped=weighed.dropped,
            evidence=tuple(self.evidence), looked=tuple(look.words for look in self.course.looked),
            calls=(*before.calls, *self.calls)[-MOST_CALLS:], about="" if self.failed else self.about,
            consultations=before.consultations + 1, usd=before.usd + sum(c.usd for c in self.calls),
            unanswered_usd=before.unanswered_usd, tokens=before.tokens + self.course.tokens,
        ).billed(known_usd)  # fmt: skip
        record.diagnosis = weighed.diagnosis
        seconds = (workflow.now() - self.course.began_at).total_seconds()
        spent = f"{len(self.calls)} calls, {len(self.course.looked)} looks, {record.advice.cost}, {seconds:.0f} s"
        record.note(workflow.now(), Kind.DIAGNOSIS, ACTOR, f"{record.advice.said} ({spent})")
        return weighed.diagnosis


def _in_words(weighed: Weighed, diagnosis: Diagnosis, failed: str = "") -> str:
    """What came of it. `diagnosis`: the ranking's; `failed`: why there was no answer."""
    dropped = f"; left out: {', '.join(weighed.dropped)}" if weighed.dropped else ""
    first = diagnosis.hypotheses[0]
    match weighed.standing:
        case Standing.AGREES:
            return f"agrees with the ranking: {_named(first.category, first.service)}{dropped}"
        case Standing.REORDERED | Standing.DOUBTS:
            return f"{weighed.diagnosis.confidence_reason}{dropped}"
        case Standing.DISSENTS:
            other = weighed.suspects[0]
            said = f"would put {_named(other.category, other.service)} first, against the evidence"
            return f"{said}; the statistical answer stands{dropped}"
        case _:
            why = failed or f"nothing that it said is borne out by a finding{dropped}"
            return f"no opinion: {why}; the statistical answer stands"


def _said_before(record: Record, advice: Advice, diagnosis: Diagnosis) -> Diagnosis:
    """The evidence is the same, so is its word: held against the numbers of now, without paying again."""
    if advice.standing is None:
        return diagnosis
    ids = {f.id for f in (*record.findings, *advice.evidence)}
    weighed = _weighed(record, Opinion(suspects=advice.suspects), diagnosis, ids)
    standing = None if weighed.standing is Standing.VOID else weighed.standing
    dropped = tuple(dict.fromkeys((*advice.dropped, *weighed.dropped)))
    said = _in_words(weighed.model_copy(update={"dropped": dropped}), diagnosis)
    record.advice = advice.model_copy(update={"standing": standing, "said": said, "dropped": dropped})
    record.diagnosis = weighed.diagnosis
    record.note(workflow.now(), Kind.DIAGNOSIS, ACTOR, f"was asked the same before, and is not paid again: {said}")
    return weighed.diagnosis


def _weighed(record: Record, opinion: Opinion, diagnosis: Diagnosis, ids: Collection[str]) -> Weighed:
    return weigh(opinion, diagnosis, ids, lambda d: leads_to_a_plan(case_of(record, d)))


def _about(diagnosis: Diagnosis, findings: Sequence[Finding]) -> str:
    """What it is asked about, as a digest: candidates in their order, and findings without the numbers that change with
    every second. With the ids, since the opinion cites them.
    """
    candidates = [f"{h.service}/{h.category}" for h in diagnosis.hypotheses]
    seen = [f"{f.id}/{f.source}/{f.kind}/{f.service}/{f.presence}" for f in findings]
    return hashlib.sha256("\n".join((*candidates, *seen)).encode()).hexdigest()


def _strongest(found: Sequence[Finding]) -> tuple[Finding, ...]:
    return tuple(sorted(found, key=lambda f: -f.strength)[:_MOST_SHOWN])


def _slim(finding: Finding) -> Finding:
    """What it is told of it: each call's input stays in history."""
    return finding.model_copy(update={"facts": {}, "query": "", "link": None, "evidence": None})


def _named(category: str, service: str) -> str:
    return f"{category.replace('_', ' ')} at {service}"
