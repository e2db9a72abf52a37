"""Callees of which a measure cannot be seen. Such a callee explains what its caller shows as well as the caller itself
would: nobody looked further down.

A callee is seen where the measure has a present, and where nobody calls it now: what is not called makes nobody slow.
How likely the cause lies in an unseen one, beside its caller whose shift is seen, is set, not fitted: as likely where
nothing below the caller was seen, half as likely where something was, and by the share of its caller's requests that it
can have hurt (at most five times its share of them, as in callees.py).
"""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from analysis.callees import MOST_CALLS, Traffic, calls_each
from analysis.redaction import name
from analysis.shifts import Measured
from domain.diagnosis import Hypothesis
from domain.finding import Finding
from domain.services import MetricKind

Calls = Mapping[str, Sequence[str]]

UNSEEN = "unseen:"
"""Prefix of a metric finding's facts: a callee of its service of which the measure cannot be seen, with how likely (0
to 1) the cause lies in it, against one for the service itself.
"""

_WHERE_OTHERS_ARE_SEEN = 0.5
_SAID = 3
# Below a tenth it sends people to where the cause hardly is.
_WORTH_SAYING = 0.1


def unseen(kind: MetricKind, measured: Iterable[Measured], calls: Calls) -> frozenset[str]:
    """The callees of which nothing of this kind can be seen: one may have an expression of its own for it."""
    callees = {callee for below in calls.values() for callee in below}
    known = {m.service for m in measured if len(m.now) and (m.kind == kind or _idle(m))}
    return frozenset(callees - known)


def doubts(service: str, calls: Calls, dark: frozenset[str], traffic: Mapping[str, Traffic]) -> dict[str, float]:
    """Unseen callee of the service -> how likely the cause lies in it, against one for the service itself."""
    below = calls.get(service, ())
    each = 1.0 if dark.issuperset(below) else _WHERE_OTHERS_ARE_SEEN
    return {c: each * min(1.0, MOST_CALLS * calls_each(c, service, traffic)) for c in below if c in dark}


def sight(hypothesis: Hypothesis, by_id: Mapping[str, Finding]) -> float:
    """The share (0 to 1) of the confidence in its place that unseen callees leave, over all that speaks for it."""
    gave = [(c.bits, _doubt(by_id[c.finding])) for c in hypothesis.contributions if c.bits > 0]
    total = sum(bits for bits, _ in gave)
    return sum(bits / (1 + doubt) for bits, doubt in gave) / total if total > 0 else 1.0


def said(hypothesis: Hypothesis, findings: Iterable[Finding]) -> tuple[str, ...]:
    """For each callee that could not be seen a clause that says so: the likeliest first, three at most."""
    missing: dict[tuple[str, str], tuple[float, str]] = {}
    for f in (f for f in findings if f.id in hypothesis.supporting and f.service is not None):
        for callee, weight in ((c, w) for c, w in _doubted(f).items() if w >= _WORTH_SAYING):
            missing[callee, f.service or ""] = (-weight, str(f.facts.get("expression", "measure")))
    ranked = sorted(missing.items(), key=lambda item: (item[1], item[0]))
    return tuple(
        f"{name(callee)}, which {name(caller)} calls, cannot be seen: no {name(measure)} of it"
        for (callee, caller), (_, measure) in ranked[:_SAID]
    )


def _idle(load: Measured) -> bool:
    return load.kind == "load" and float(np.median(load.now)) == 0


def _doubted(finding: Finding) -> dict[str, float]:
    facts = {f.removeprefix(UNSEEN): v for f, v in finding.facts.items() if f.startswith(UNSEEN)}
    return {callee: float(v) for callee, v in facts.items() if isinstance(v, int | float)}


def _doubt(finding: Finding) -> float:
    return sum(_doubted(finding).values())
