"""What an opinion of a language model is worth: held against the findings, and bounded in what it may change.

1. A claim counts as far as it cites findings that exist. One without any is dropped, and how many is said.
2. A cause counts that the ranking knows, and for which a claim cites a finding that speaks for it. It cannot bring a
   cause of its own: plans are made from causes, so it could bring an action.
3. Its first cause is put first only where the evidence leaves that open: where it has a kind, and its score is at
   least half of the first one's. Against a clear lead its word is shown, and changes nothing: what an attacker writes
   into a log may speak through it.
4. Confidence never rises. Where it puts another cause first, confidence falls to the share that this one's score is of
   the first one's, and the safety gate leaves every plan to a person (domain/gate.py).
5. It takes nothing away either. Where its first cause would leave the incident without a cause to name, or without the
   plan that there would be, the ranking's stays first, and a person decides on that one's plan.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from enum import StrEnum

from domain.advice.opinion import Claim, Opinion, Suspect
from domain.diagnosis import Diagnosis, Hypothesis
from domain.finding import Category
from domain.invisible import one_line
from domain.model import Model

Known = Mapping[tuple[str, Category], Hypothesis]
"""The ranking's candidates, by service and category."""
Leads = Callable[[Diagnosis], bool]
"""Does a diagnosis lead to a plan, if only to one that a person is asked about?"""
OPEN_FROM = 0.5
_MOST_SUSPECTS, _MOST_CLAIMS, _MOST_CITED, _LONGEST_CLAIM, _LONGEST_NAME = 3, 5, 6, 240, 60


class Standing(StrEnum):
    """How the opinion stands to the ranking. REORDERED: it put another cause first. DOUBTS: it would have, and nothing
    could be done then, so the order stays and a person decides. DISSENTS: it would have, and the evidence is against
    it. VOID: nothing of it counts.
    """

    AGREES = "agrees"
    REORDERED = "reordered"
    DOUBTS = "doubts"
    DISSENTS = "dissents"
    VOID = "void"


class Weighed(Model):
    """What is left of an opinion, and the diagnosis after it. `dropped`: sentences that say what was left out."""

    standing: Standing
    suspects: tuple[Suspect, ...] = ()
    dropped: tuple[str, ...] = ()
    diagnosis: Diagnosis


def weigh(opinion: Opinion, diagnosis: Diagnosis, ids: Collection[str], leads: Leads) -> Weighed:
    """`ids`: of the findings that exist, of the investigation and of what it asked for itself."""
    known = {(h.service, h.category): h for h in diagnosis.hypotheses}
    kept: list[Suspect] = []
    dropped: list[str] = []
    unfounded = 0
    for suspect in opinion.suspects[:_MOST_SUSPECTS]:
        claims = _founded(suspect.claims[:_MOST_CLAIMS], ids)
        unfounded += min(len(suspect.claims), _MOST_CLAIMS) - len(claims)
        why_not = _objection(suspect, claims, known, kept)
        if why_not is None:
            kept.append(suspect.model_copy(update={"claims": claims}))
        else:
            dropped.append(why_not)
    if unfounded:
        dropped.append(f"{unfounded} claim{'s' if unfounded > 1 else ''} without a finding that exists")
    if not kept:
        return Weighed(standing=Standing.VOID, dropped=tuple(dropped), diagnosis=diagnosis)
    standing, after = _standing(known[kept[0].service, kept[0].category], diagnosis, leads)
    return Weighed(standing=standing, suspects=tuple(kept), dropped=tuple(dropped), diagnosis=after)


def _founded(claims: Iterable[Claim], ids: Collection[str]) -> tuple[Claim, ...]:
    """Claims with those of their citations that exist."""
    cited = ((c, tuple(dict.fromkeys(f for f in c.findings if f in ids))[:_MOST_CITED]) for c in claims)
    return tuple(Claim(text=_cut(c.text, _LONGEST_CLAIM), findings=found) for c, found in cited if found)


def _objection(suspect: Suspect, claims: Sequence[Claim], known: Known, kept: Sequence[Suspect]) -> str | None:
    """Why a cause does not count, None: it does."""
    named = f"{suspect.category.replace('_', ' ')} at {_cut(suspect.service, _LONGEST_NAME)}"
    hypothesis = known.get((suspect.service, suspect.category))
    if hypothesis is None:
        return f"{named}: no candidate of the ranking"
    if any((s.service, s.category) == (suspect.service, suspect.category) for s in kept):
        return f"{named}: said twice"
    if not {f for c in claims for f in c.findings} & set(hypothesis.supporting):
        return f"{named}: cites no finding that speaks for it"
    return None


def _standing(preferred: Hypothesis, diagnosis: Diagnosis, leads: Leads) -> tuple[Standing, Diagnosis]:
    """How the cause that it puts first stands to the ranking, and the diagnosis after it."""
    if preferred == diagnosis.hypotheses[0]:
        return Standing.AGREES, diagnosis
    if not _is_open(preferred, diagnosis.hypotheses[0]):
        return Standing.DISSENTS, diagnosis
    reordered = _reordered(diagnosis, preferred)
    if _takes_away(diagnosis, reordered, leads):
        return Standing.DOUBTS, _doubted(diagnosis, preferred)
    return Standing.REORDERED, reordered


def _takes_away(before: Diagnosis, after: Diagnosis, leads: Leads) -> bool:
    """Would its word leave an incident without a cause, or without a plan, that has one without it?"""
    return (before.named is not None and after.named is None) or (leads(before) and not leads(after))


def _is_open(preferred: Hypothesis, first: Hypothesis) -> bool:
    """Does the evidence leave it open which of the two it is? A cause without a kind is none to name."""
    return preferred.category is not Category.UNKNOWN and preferred.score >= OPEN_FROM * first.score > 0


def _reordered(diagnosis: Diagnosis, preferred: Hypothesis) -> Diagnosis:
    """The same candidates with another one first. What was reckoned for the first one says nothing of this one."""
    first = diagnosis.hypotheses[0]
    share = min(1.0, preferred.score / first.score)
    sure = min(diagnosis.confidence * share, preferred.kind_at_most)
    said = (
        f"the language model puts {_named(preferred)} before {_named(first)}, which has the better evidence "
        f"({first.score:.1f} bits against {preferred.score:.1f}): a person decides"
    )
    return diagnosis.model_copy(
        update={
            "hypotheses": (preferred, *(h for h in diagnosis.hypotheses if h != preferred)),
            "confidence": sure, "confidence_reason": said, "calibrated": False,
            "attested_by": None, "causal_chain": (), "look_next": (), "advised": True,
        }
    )  # fmt: skip


def _doubted(diagnosis: Diagnosis, preferred: Hypothesis) -> Diagnosis:
    """The ranking's own order and confidence; only that a person decides is new."""
    first = _named(diagnosis.hypotheses[0])
    said = (
        f"{diagnosis.confidence_reason}; the language model would put {_named(preferred)} before {first}, and then no "
        "cause could be named or nothing be planned: the order stays, and a person decides"
    )
    return diagnosis.model_copy(update={"confidence_reason": said, "advised": True})


def _named(hypothesis: Hypothesis) -> str:
    return f"{hypothesis.category.replace('_', ' ')} at {hypothesis.service}"


def _cut(text: str, longest: int) -> str:
    """The model's words in one line without control characters, no longer than that."""
    shown = one_line(text)
    return shown if len(shown) <= longest else f"{shown[: longest - 1]}…"
