"""Did the fix work? Four verdicts from several samples of what was anomalous."""

import math
import re
from collections.abc import Collection, Sequence
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
_ANOTHER_TIME = re.compile(r"\boffset\b|@", re.I)
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
    `mild_until`: harmful up to this value it need not refute a fix of anything else (domain.mildness); None: it always
    counts.
    """

    series: str
    query: str
    harmful_above: bool
    bound: float
    or_equal: bool = False
    labels: dict[str, str] = {}
    before: float | None = None
    name: str = ""
    mild_until: float | None = None

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

    def mild(self, value: float | None) -> bool:
        """Does this value say nothing against a fix of something else? Nor does that it has none, unless what may not
        fall has none: that is as far down as it goes.
        """
        if self.mild_until is None:
            return False
        if value is None:
            return self.harmful_above
        return value <= self.mild_until if self.harmful_above else value >= self.mild_until

    def excess(self, value: float) -> float:
        return value - self.bound if self.harmful_above else self.bound - value


class Sample(Model):
    """One look at a watch. None: the source answered without a value, or did not answer.

    `fires` is what the alert's rule says where the query worked and had no value, None where nobody can tell either:
    `rate(errors[5m]) / rate(all[5m]) > 0.05` has a value only while there are errors, or requests.
    """

    series: str
    value: float | None
    note: str = ""
    fires: bool | None = None


class Verdict(Model):
    """The verdict over all watches, with the sentence that explains it.

    `may_settle`: all that stands against a recovery is a sender's word, which comes later than the number: Alertmanager
    says up to a minute afterwards that an alert is resolved.
    """

    recovery: Recovery
    reason: str
    may_settle: bool = False

    @property
    def earns_a_wait(self) -> bool:
        """May it be another verdict after another wait?"""
        return self.recovery is Recovery.IMPROVING or self.may_settle


def watch_of_rule(series: str, expression: str | None, labels: dict[str, str], before: float | None) -> Watch | None:
    """The watch behind an alert rule such as `error_ratio > 0.05`, None where the rule has no such form.

    Nor where it looks at another time than now (`offset`, `@`), which would show what was before a fix; nor where the
    query would lose its value when all is well, as one with a filter in it does: `count(up == 0) > 0`;
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
    """Is it one vector of now, without a filter? `a > 1 and b` is none: its number belongs to the last part only."""
    bare = _MATCHERS.sub("", _QUOTED.sub("", query))
    if _FILTER.search(bare) or _ANOTHER_TIME.search(bare):
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


def judge(
    watches: Sequence[Watch], rounds: Sequence[Sequence[Sample]], doubted: Collection[str] = (), *,
    excusing: bool = False,
) -> Verdict:  # fmt: skip
    """The worst of all watches that count: what cannot be seen is never called recovered.

    `excusing`: beside others those do not count that are mild in each of the rounds; what is left of them is said.
    `doubted`: series whose alert still fires by its sender's word, and which nobody watches, or whose number nobody
    ever saw bad. That such a number is in band says nothing: it may be that of another cluster.
    """
    if not watches or not rounds:
        return Verdict(recovery=Recovery.CANNOT_TELL, reason="there is no number to look at")
    counted = _counted(watches, rounds) if excusing else watches
    verdicts = [_judge_one(w, [_of(w, samples) for samples in rounds], w.series in doubted) for w in counted]
    order = [Recovery.NOT_BETTER, Recovery.CANNOT_TELL, Recovery.IMPROVING, Recovery.RECOVERED]
    verdict = min(verdicts, key=lambda v: (order.index(v.recovery), v.may_settle))
    left = [w for w in watches if w not in counted and _bad(w, _of(w, rounds[-1])) is not False]
    if left and verdict.recovery is Recovery.RECOVERED:
        said = "; ".join(f"{w.shown} {_shown(w, _of(w, rounds[-1]))}" for w in left)
        verdict = verdict.model_copy(update={"reason": f"{verdict.reason}; too mild to count against it: {said}"})
    unwatched = set(doubted) - {w.series for w in watches}
    if unwatched and verdict.recovery is Recovery.RECOVERED:
        said = f"{verdict.reason}; alerts that fire on without being watched: {len(unwatched)}"
        return Verdict(recovery=Recovery.CANNOT_TELL, reason=said, may_settle=True)
    return verdict


def seen_bad(watches: Sequence[Watch], samples: Sequence[Sample]) -> tuple[str, ...]:
    """The series of the watches that a look has found harmful: those are known to be the numbers of their alerts."""
    return tuple(w.series for w in watches if _bad(w, _of(w, samples)))


def gravely_bad(watches: Sequence[Watch], samples: Sequence[Sample]) -> bool:
    """Does a look show anything harmful that is not mild?"""
    return any(_bad(w, s) and not w.mild(_value(s)) for w, s in ((w, _of(w, samples)) for w in watches))


def in_band(watches: Sequence[Watch], samples: Sequence[Sample], *, excusing: bool = False) -> bool:
    """Does a look show each of the watches that count (as for `judge`), and none of them harmful?"""
    counted = _counted(watches, [samples]) if excusing else watches
    return bool(watches) and all(_bad(w, _of(w, samples)) is False for w in counted)


def _counted(watches: Sequence[Watch], rounds: Sequence[Sequence[Sample]]) -> Sequence[Watch]:
    """Those that count: all, where all that is watched is mild."""
    grave = [w for w in watches if not all(w.mild(_value(_of(w, samples))) for samples in rounds)]
    return grave or watches


def _of(watch: Watch, samples: Sequence[Sample]) -> Sample:
    found = next((s for s in samples if s.series == watch.series), None)
    return found or Sample(series=watch.series, value=None)


def _value(sample: Sample) -> float | None:
    """NaN, such as a share of no requests, is no value: it is on neither side of the bound."""
    return None if sample.value is None or math.isnan(sample.value) else sample.value


def _bad(watch: Watch, sample: Sample) -> bool | None:
    """Is it harmful? Without a value the rule's word counts. None: nobody can tell."""
    value = _value(sample)
    return sample.fires if value is None else watch.harmful(value)


def _judge_one(watch: Watch, samples: list[Sample], doubted: bool) -> Verdict:  # noqa: FBT001 - a fact, not a switch
    known = [bad for s in samples if (bad := _bad(watch, s)) is not None]
    if len(known) < len(samples):
        gone = len(samples) - len(known)
        return Verdict(
            recovery=Recovery.CANNOT_TELL,
            reason=f"{watch.shown}: {gone} of {len(samples)} samples had no value",
        )
    healthy, last = sum(not bad for bad in known), _value(samples[-1])
    shown = f"{watch.shown}: {_shown(watch, samples[-1])}, {healthy} of {len(known)} samples in band"
    if healthy == len(known):
        return _doubtful(shown) if doubted else Verdict(recovery=Recovery.RECOVERED, reason=shown)
    if healthy and not known[-1]:
        return Verdict(recovery=Recovery.IMPROVING, reason=shown)
    if last is not None and watch.before is not None and watch.excess(watch.before) > 0:
        left = watch.excess(last) / watch.excess(watch.before)
        if left <= 1 - IMPROVED_SHARE:
            return Verdict(recovery=Recovery.IMPROVING, reason=f"{shown}, {1 - left:.0%} of the excess is gone")
    return Verdict(recovery=Recovery.NOT_BETTER, reason=shown)


def _shown(watch: Watch, sample: Sample) -> str:
    value = _value(sample)
    return sample.note or "no value" if value is None else f"{value:.4g} (bound {watch.bound:.4g})"


def _doubtful(shown: str) -> Verdict:
    why = "but its alert still fires by its sender's word, and no look has ever seen it out of band"
    return Verdict(recovery=Recovery.CANNOT_TELL, reason=f"{shown}, {why}", may_settle=True)
