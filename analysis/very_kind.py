"""What of a score speaks for the very kind of a cause.

Trouble of whatever kind, which is all that a symptom says, speaks for each kind alike: with a hint beside it, any kind
would come to a high score. So what speaks for this kind, and for no other, is counted by itself: it bounds how sure a
kind may be (domain/diagnosis.py), and sources attest a cause by it.
"""

from collections.abc import Iterable, Mapping

from analysis.explaining import Evidence
from domain.diagnosis import Contribution, Hypothesis
from domain.finding import Category, Finding, Source

# One bit: twice as likely as without it.
_ATTESTS = 1.0

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


def bits_of_kind(contributions: Iterable[Contribution], shares: Shares) -> float:
    """In bits; what speaks against a cause takes nothing of it, it takes of the lead."""
    return sum(max(0.0, one.bits) * shares.get(one.finding, 0.0) for one in contributions)


def attested_by(hypothesis: Hypothesis, shares: Shares, by_id: Mapping[str, Finding]) -> tuple[Source, ...]:
    """Sources that say a bit or more of this very kind, in their own words.

    What the ranking only reads so, as a symptom of the one or the other, is no second witness; memory knows what was
    before, and is none either.
    """
    said: dict[Source, float] = {}
    for one in hypothesis.contributions:
        finding = by_id[one.finding]
        share = min(shares.get(one.finding, 0.0), _in_own_words(finding, hypothesis.category))
        said[finding.source] = said.get(finding.source, 0.0) + one.bits * share
    return tuple(source for source in Source if said.get(source, 0.0) >= _ATTESTS and source is not Source.MEMORY)


def _in_own_words(finding: Finding, category: Category) -> float:
    to_this, to_any = _beyond(finding.categories, category)
    return (to_this - to_any) / to_this if to_this > to_any else 0.0


def _beyond(weights: Mapping[Category, float], category: Category) -> tuple[float, float]:
    """The weight for this kind, and that for any."""
    return weights.get(category, 0.0), weights.get(Category.UNKNOWN, 0.0)
