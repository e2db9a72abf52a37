"""A diagnosis: ranked causes, how sure we are, and what could not be seen."""

from domain.exhibits import CallGraph
from domain.finding import Category, Source
from domain.model import Model

NAME_A_CAUSE_FROM = 0.5
"""Below this confidence no cause is named (spec section 4)."""

_QUIET_BELOW = 0.1
_KINDLESS_AT_MOST = 0.45
# In bits, more than one source may give: a map that was fitted on faults says little of what is hardly anything.
_ACTS_FROM = 8.0


class Contribution(Model):
    """What one finding gave to a hypothesis, in bits: positive for, negative against."""

    finding: str
    bits: float


class Hypothesis(Model):
    """A candidate cause. `weight` is its share (0 to 1) of all candidates' scores.

    `of_kind`: the bits that speak for its very kind and not for any kind alike; None: nobody reckoned them.
    """

    service: str
    category: Category
    sentence: str
    score: float
    weight: float
    contributions: tuple[Contribution, ...] = ()
    of_kind: float | None = None

    @property
    def kind_at_most(self) -> float:
        """How sure (0 to 1) its kind may be: 1 - 2^-K. By chance, K bits of a kind are there once in 2^K; symptoms,
        which speak for every kind alike, leave 0. A cause without a kind is never named, however plain its place.
        """
        if self.category is Category.UNKNOWN:
            return _KINDLESS_AT_MOST
        return 1.0 if self.of_kind is None else 1 - 2**-self.of_kind

    @property
    def supporting(self) -> tuple[str, ...]:
        return tuple(c.finding for c in self.contributions if c.bits > 0)

    @property
    def opposing(self) -> tuple[str, ...]:
        return tuple(c.finding for c in self.contributions if c.bits < 0)


class Place(Model):
    """A service in which the cause may lie, whatever its kind, with the score of its best hypothesis in bits.

    `symptom`: the share (0 to 1) of the alerted symptom that it explains, by how sure that is, 0 where nobody could
    tell. `sight`: the share (0 to 1) of the confidence in it that is left for what it calls and nobody could see.
    """

    service: str
    score: float
    symptom: float = 0.0
    sight: float = 1.0


class Diagnosis(Model):
    """Hypotheses, best first, with confidence (0 to 1) in the service **and** category of the first.

    `places`: the services of all hypotheses, best first, with the confidence that the first of them is the right one,
    None: nobody reckoned it. `calibrated`: the confidence is that of a map which was held against known faults.
    `attested_by`: the sources that say a bit or more of the first cause's very kind, memory apart; None: nobody
    counted them.
    `look_next`: steps for a person. Where a cause is named, what can be done about it by hand; else where to look.
    `advised`: a language model put the first one first, against the ranking, or would put another one there: what is
    planned for it is left to a person (domain/advice/weighing.py).
    `graph` is shown to people, and decides nothing.
    """

    hypotheses: tuple[Hypothesis, ...] = ()
    places: tuple[Place, ...] = ()
    place_confidence: float | None = None
    confidence: float = 0.0
    confidence_reason: str
    calibrated: bool = False
    attested_by: tuple[Source, ...] | None = None
    causal_chain: tuple[str, ...] = ()
    not_seen: tuple[Source, ...] = ()
    look_next: tuple[str, ...] = ()
    advised: bool = False
    graph: CallGraph = CallGraph()

    @property
    def named(self) -> Hypothesis | None:
        """The cause, or None when we are not sure enough to name one."""
        if self.hypotheses and self.confidence >= NAME_A_CAUSE_FROM:
            return self.hypotheses[0]
        return None

    @property
    def unattested(self) -> str | None:
        """Why what speaks for the first cause is too little to act on, however sure; None: two sources agree, or it was
        made before anybody counted them.
        """
        if self.attested_by is None:
            return "nobody counted the sources that say so" if self.calibrated else None
        match self.attested_by:
            case ():
                return "no source says more than a hint of this kind of cause"
            case (source,):
                return f"one source alone says so ({source})"
            case _ if self.hypotheses and self.hypotheses[0].score < _ACTS_FROM:
                return f"all that speaks for it is {self.hypotheses[0].score:.1f} bits, less than {_ACTS_FROM:g}"
            case _:
                return None

    @property
    def quiet(self) -> bool:
        """Everything was looked at, and less than one place in ten that look like the first one was ever right."""
        return not self.not_seen and self.place_confidence is not None and self.place_confidence < _QUIET_BELOW

    @property
    def cause(self) -> str:
        if self.named:
            return self.named.sentence
        return "no sign of a fault" if self.quiet else "cause not determined"

    @property
    def word(self) -> str:
        """How sure, as a word."""
        steps = ((0.9, "very likely"), (0.7, "likely"), (NAME_A_CAUSE_FROM, "possible"))
        return next((word for bound, word in steps if self.confidence >= bound), "not determined")
