"""What of a score speaks for the very kind of a cause.

Trouble of whatever kind, which is all that a symptom says, speaks for each kind alike: with a hint beside it, any kind
would come to a high score. So what speaks for this kind, and not for any, is counted by itself: it bounds how sure a
kind may be (domain/diagnosis.py), and sources attest a cause by it. Which of two kinds it is, is a matter of the lead.
"""

from collections.abc import Iterable, Mapping

from analysis.explaining import MORE_LINES, WORDED, Evidence
from analysis.traces import Fate
from domain.diagnosis import Hypothesis
from domain.finding import Category, Finding, Source

# One bit: twice as likely as without it.
_ATTESTS = 1.0
# Below one bit, from which a kind may be named.
_MOST_REMEMBERED = 0.75

Shares = Mapping[str, float]


def own_shares(evidence: Iterable[Evidence], service: str, category: Category) -> Shares:
    """Finding -> the share (0 to 1) of what it gives a cause that it gives to this kind alone, as it counts there."""
    gives: dict[str, float] = {}
    own: dict[str, float] = {}
    for e in evidence:
        if e.service in (service, None):
            to_this, to_any = _beyond(e.weights, category)
            gives[e.finding] = gives.get(e.finding, 0.0) + e.bits * max(to_this, to_any)
            own[e.finding] = own.get(e.finding, 0.0) + e.bits * max(0.0, to_this - to_any)
    return {finding: own[finding] / given for finding, given in gives.items() if given > 0}


def bits_of_kind(hypothesis: Hypothesis, shares: Shares, by_id: Mapping[str, Finding]) -> float:
    """In bits, 0 at least: what speaks for this kind, less what was aimed against it.

    A denial is aimed at what it speaks against most: a database with room denies its pool, and says of what a service
    depends on only by the way, which takes of the lead alone. Memory knows what was before: alone it must not name a
    cause, or one wrong diagnosis would breed the next.
    """
    spoken, remembered, denied = 0.0, 0.0, 0.0
    for one in hypothesis.contributions:
        bits = one.bits * shares.get(one.finding, 0.0)
        if one.bits < 0:
            denied -= one.bits if _is_aimed_at(by_id[one.finding], hypothesis.category) else 0.0
        elif by_id[one.finding].source is Source.MEMORY:
            remembered += bits
        else:
            spoken += bits
    return max(0.0, spoken + min(remembered, _MOST_REMEMBERED) - denied)


def attested_by(hypothesis: Hypothesis, shares: Shares, by_id: Mapping[str, Finding]) -> tuple[Source, ...]:
    """Sources that say a bit or more of this very kind, each in its own way.

    What the ranking only reads so, as a symptom of the one or the other, is no second witness; memory knows what was
    before, and is none either. Nor are the same words twice: an error stands in a log line and in its span, and whoever
    sends a request may have written it. Of those sources that have nothing but words only the loudest counts.
    """
    said: dict[Source, float] = {}
    worded: dict[Source, float] = {}
    for one in hypothesis.contributions:
        finding = by_id[one.finding]
        bits = one.bits * min(shares.get(one.finding, 0.0), _in_own_words(finding, hypothesis.category))
        told = worded if _is_words(finding) else said
        told[finding.source] = told.get(finding.source, 0.0) + bits
    witnesses = {source for source, bits in said.items() if bits >= _ATTESTS and source is not Source.MEMORY}
    more = [source for source, bits in worded.items() if bits >= _ATTESTS and source not in witnesses]
    if more:
        witnesses.add(max(more, key=lambda source: (worded[source], source)))
    return tuple(source for source in Source if source in witnesses)


def _is_words(finding: Finding) -> bool:
    """Was the kind read from words that a service wrote? What became of a call is none, nor how often lines came."""
    if finding.source is Source.TRACES:
        failed = finding.facts.get("fate") == Fate.FAILED.value and finding.facts.get(WORDED) is not False
        return finding.kind == "other_behaviour" or failed
    return finding.source is Source.LOGS and finding.kind != MORE_LINES


def _is_aimed_at(finding: Finding, kind: Category) -> bool:
    most = max(finding.against.values(), default=0.0)
    return finding.against.get(kind, 0.0) == most > 0


def _in_own_words(finding: Finding, category: Category) -> float:
    to_this, to_any = _beyond(finding.categories, category)
    return (to_this - to_any) / to_this if to_this > to_any else 0.0


def _beyond(weights: Mapping[Category, float], category: Category) -> tuple[float, float]:
    """The weight for this kind, and that for any."""
    return weights.get(category, 0.0), weights.get(Category.UNKNOWN, 0.0)
