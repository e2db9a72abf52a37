"""Did the fix work? Four verdicts from several samples of what was anomalous."""

import math
import re
from collections.abc import Sequence
from enum import StrEnum
from typing import Self

from domain.model import Model

# Of the excess over the threshold at least this share must be gone before we speak of *improving*.
IMPROVED_SHARE = 0.3
_NUMBER = r"[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?"
_RULE = re.compile(rf"^(?P<query>.+?)\s*(?P<op>>=|<=|>|<)\s*(?P<bound>{_NUMBER})\s*$", re.S)
_QUOTED = re.compile(r"""\"(?:\\.|[^"\\])*\"|'(?:\\.|[^'\\])*'|`[^`]*`""", re.S)
_MATCHERS = re.compile(r"\{[^{}]*\}")
_INNERMOST = re.compile(r"\([^()]*\)")
_FILTER = re.compile(r"(?:==|!=|>=?+|<=?+)(?!\s*bool\b)")
_SET_OPERATOR = re.compile(r"\b(?:and|or|unless)\b", re.I)
# Expressions come from outside. A longer one, or one that looks back further than this, is no number to wait for.
_LONGEST_EXPRESSION = 1_000
_LONGEST_WINDOW_S = 3_600.0
_RANGE = re.compile(r"\[((?:\d+(?:ms|[smhdwy]))+)")
_PART = re.compile(r"(\d+)(ms|[smhdwy])")
_UNIT_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0, "w": 604_800.0, "y": 31_536_000.0}


class Recovery(StrEnum):
    RECOVERED = "recovered"
    IMPROVING = "improving"
    NOT_BETTER = "not better"
    CANNOT_TELL = "cannot tell"


class Watch(Model):
    """A number to look at again: a query, which side of `bound` is harmful, and the labels of the alert.

    `or_equal`: the bound itself is harmful too, as in `>=`. `name` is for people: the alert and its service.
    An empty query stands for "does the alert with these labels fire": 1 while it does, 0 when it does not.
    """

    series: str
    query: str
    harmful_above: bool
    bound: float
    or_equal: bool = False
    labels: dict[str, str] = {}
    before: float | None = None
    name: str = ""

    @classmethod
    def of_alert(cls, series: str, labels: dict[str, str]) -> Self:
        """For an alert whose rule is no number beside a bound: all that can be watched is whether it fires."""
        return cls(
            series=series, query="", harmful_above=True, bound=0.5, labels=labels, before=1.0, name=_name(labels)
        )  # fmt: skip

    @property
    def shown(self) -> str:
        """Its name; without one the series, so that people can at least find it."""
        return self.name or self.series

    @property
    def window_s(self) -> float:
        """The longest range window in the query, in seconds: a sample younger than that still sees the fault."""
        return max((_seconds(window) for window in _RANGE.findall(self.query)), default=0.0)

    def harmful(self, value: float) -> bool:
        if value == self.bound:
            return self.or_equal
        return value > self.bound if self.harmful_above else value < self.bound

    def excess(self, value: float) -> float:
        return value - self.bound if self.harmful_above else self.bound - value


class Sample(Model):
    """One look at a watch. None: the source answered without a value, or did not answer."""

    series: str
    value: float | None
    note: str = ""


class Verdict(Model):
    """The verdict over all watches, with the sentence that explains it."""

    recovery: Recovery
    reason: str


def watch_of_rule(series: str, expression: str | None, labels: dict[str, str], before: float | None) -> Watch | None:
    """The watch behind an alert rule such as `error_ratio > 0.05`, None where the rule has no such form.

    Nor where the query would lose its value when all is well, as one with a filter in it does: `count(up == 0) > 0`;
    nor where it looks back for more than an hour, which nobody would wait for after a fix.
    """
    if len(expression or "") > _LONGEST_EXPRESSION:
        return None
    match = _RULE.match(expression or "")
    if match is None or not _keeps_its_value(match["query"]):
        return None
    watch = Watch(
        series=series, query=match["query"].strip(), harmful_above=match["op"].startswith(">"),
        bound=float(match["bound"]), or_equal=match["op"].endswith("="), labels=labels, before=before,
        name=_name(labels),
    )  # fmt: skip
    return watch if watch.window_s <= _LONGEST_WINDOW_S else None


def _name(labels: dict[str, str]) -> str:
    """Such as "HighErrorRate on orders"; empty where the labels name no alert."""
    alert, service = labels.get("alertname", ""), labels.get("service", "")
    return f"{alert} on {service}" if alert and service else alert


def _keeps_its_value(query: str) -> bool:
    """Is it one vector without a filter? `a > 1 and b` is none: there the number belongs to the last part only."""
    bare = _MATCHERS.sub("", _QUOTED.sub("", query))
    if _FILTER.search(bare):
        return False
    while (outer := _INNERMOST.sub("", bare)) != bare:
        bare = outer
    return _SET_OPERATOR.search(bare) is None


def _seconds(window: str) -> float:
    """Seconds of a PromQL duration such as 1h30m."""
    return sum(float(number) * _UNIT_S[unit] for number, unit in _PART.findall(window))


def settle_s(watches: Sequence[Watch], least_s: float, scrape_s: float) -> float:
    """Seconds until a look is fair: the policy's, or the longest range window plus a scrape, whichever is longer."""
    return max([least_s, *(w.window_s + scrape_s for w in watches if w.window_s)])


def judge(watches: Sequence[Watch], rounds: Sequence[Sequence[Sample]]) -> Verdict:
    """The worst of all watches: what cannot be seen is never called recovered."""
    if not watches or not rounds:
        return Verdict(recovery=Recovery.CANNOT_TELL, reason="there is no number to look at")
    verdicts = [_judge_one(w, [_value(w, samples) for samples in rounds]) for w in watches]
    order = [Recovery.NOT_BETTER, Recovery.CANNOT_TELL, Recovery.IMPROVING, Recovery.RECOVERED]
    return min(verdicts, key=lambda v: order.index(v.recovery))


def _value(watch: Watch, samples: Sequence[Sample]) -> float | None:
    """NaN, such as a share of no requests, is no value: it is on neither side of the bound."""
    value = next((s.value for s in samples if s.series == watch.series), None)
    return None if value is None or math.isnan(value) else value


def _judge_one(watch: Watch, values: list[float | None]) -> Verdict:
    known = [v for v in values if v is not None]
    if len(known) < len(values):
        gone = len(values) - len(known)
        return Verdict(
            recovery=Recovery.CANNOT_TELL,
            reason=f"{watch.shown}: {gone} of {len(values)} samples had no value",
        )
    healthy = sum(not watch.harmful(v) for v in known)
    shown = f"{watch.shown}: {known[-1]:.4g} (bound {watch.bound:.4g}), {healthy} of {len(known)} samples in band"
    if healthy == len(known):
        return Verdict(recovery=Recovery.RECOVERED, reason=shown)
    if healthy and not watch.harmful(known[-1]):
        return Verdict(recovery=Recovery.IMPROVING, reason=shown)
    if watch.before is not None and watch.excess(watch.before) > 0:
        left = watch.excess(known[-1]) / watch.excess(watch.before)
        if left <= 1 - IMPROVED_SHARE:
            return Verdict(recovery=Recovery.IMPROVING, reason=f"{shown}, {1 - left:.0%} of the excess is gone")
    return Verdict(recovery=Recovery.NOT_BETTER, reason=shown)
