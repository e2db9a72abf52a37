"""Did the fix work? Four verdicts from samples, and what can be watched of an alert's rule."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.verification import Recovery, Sample, Watch, gravely_bad, in_band, judge, seen_bad, settle_s, watch_of_rule
from tests.unit.domain.examples import rows

RECOVERED, IMPROVING = Recovery.RECOVERED, Recovery.IMPROVING
NOT_BETTER, CANNOT_TELL = Recovery.NOT_BETTER, Recovery.CANNOT_TELL
NAN, INF = float("nan"), float("inf")
ERRORS = Watch(series="errors", query="errors", harmful_above=True, bound=0.05, before=0.45)
FREE = Watch(series="free", query="free", harmful_above=False, bound=10, before=0)
FIRES = Watch.of_alert("alert", {"alertname": "Slow"})
MILD = Watch(series="mild", query="mild", harmful_above=True, bound=0.5, before=0.8, mild_until=1.2, name="latency")


def _rounds(**values: list[float | None]) -> list[list[Sample]]:
    """Samples by round, from the values of each series."""
    number = max(len(v) for v in values.values())
    return [[Sample(series=name, value=v[n]) for name, v in values.items() if n < len(v)] for n in range(number)]


@dataclass(frozen=True)
class Case:
    name: str
    expected: Recovery
    samples: list[list[Sample]]
    watches: tuple[Watch, ...] = (ERRORS,)


CASES = (
    Case("all samples in band is recovered", RECOVERED, _rounds(errors=[0.01, 0.02, 0.0])),
    Case("a value on the bound is in band", RECOVERED, _rounds(errors=[0.05, 0.05])),
    Case("a value on the bound is not, where the rule says at least", NOT_BETTER, _rounds(errors=[0.05, 0.05]),
         (ERRORS.model_copy(update={"or_equal": True, "before": 0.05}),)),
    Case("back in band at the end is improving", IMPROVING, _rounds(errors=[0.2, 0.04, 0.03])),
    Case("in band and out again is not better", NOT_BETTER, _rounds(errors=[0.03, 0.04, 0.44])),
    Case("over 30 % of the excess gone is improving", IMPROVING, _rounds(errors=[0.4, 0.35, 0.32])),
    Case("less gone is not better", NOT_BETTER, _rounds(errors=[0.4, 0.35, 0.34])),
    Case("no change is not better", NOT_BETTER, _rounds(errors=[0.45, 0.45, 0.45])),
    Case("worse is not better", NOT_BETTER, _rounds(errors=[0.5, 0.6, 0.7])),
    Case("without a value before, out of band is not better", NOT_BETTER, _rounds(errors=[0.06]),
         (ERRORS.model_copy(update={"before": None}),)),
    Case("in band before and out of it now is not better", NOT_BETTER, _rounds(errors=[0.06]),
         (ERRORS.model_copy(update={"before": 0.01}),)),
    Case("what must not fall recovers upwards", RECOVERED, _rounds(free=[12.0, 11.0]), (FREE,)),
    Case("what must not fall and is low is not better", NOT_BETTER, _rounds(free=[1.0, 2.0]), (FREE,)),
    Case("what must not fall and climbs is improving", IMPROVING, _rounds(free=[2.0, 3.0]), (FREE,)),
    Case("a sample without a value cannot tell", CANNOT_TELL, _rounds(errors=[0.01, None, 0.01])),
    Case("a series that is not in the answer cannot tell", CANNOT_TELL, [[Sample(series="other", value=0.0)]]),
    Case("not a number is no value, and never a recovery", CANNOT_TELL, _rounds(errors=[NAN, NAN])),
    Case("infinity is out of band", NOT_BETTER, _rounds(errors=[INF, INF])),
    Case("nothing to watch cannot tell", CANNOT_TELL, _rounds(errors=[0.0]), ()),
    Case("no sample cannot tell", CANNOT_TELL, []),
    Case("an alert that fires no more is recovered", RECOVERED, _rounds(alert=[0.0, 0.0]), (FIRES,)),
    Case("an alert that fires on is not better", NOT_BETTER, _rounds(alert=[1.0, 1.0]), (FIRES,)),
    Case("one recovered and one not better is not better", NOT_BETTER, _rounds(errors=[0.0], free=[0.0]),
         (ERRORS, FREE)),
    Case("one recovered and one unseen cannot tell", CANNOT_TELL, _rounds(errors=[0.0], free=[None]), (ERRORS, FREE)),
    Case("one recovered and one improving is improving", IMPROVING, _rounds(errors=[0.0, 0.0], free=[2.0, 4.0]),
         (ERRORS, FREE)),
    Case("one not better and one unseen is not better", NOT_BETTER, _rounds(errors=[0.45], free=[None]),
         (ERRORS, FREE)),
    Case("what is mild does not refute a recovery", RECOVERED, _rounds(errors=[0.0, 0.0], mild=[0.9, 0.9]),
         (ERRORS, MILD)),
    Case("nor does it leave one in doubt", RECOVERED, _rounds(errors=[0.0, 0.0], mild=[0.9, None]), (ERRORS, MILD)),
    Case("what has grown beyond mild counts", NOT_BETTER, _rounds(errors=[0.0, 0.0], mild=[0.9, 1.3]), (ERRORS, MILD)),
    Case("what is mild mends nothing", NOT_BETTER, _rounds(errors=[0.45, 0.45], mild=[0.1, 0.1]), (ERRORS, MILD)),
    Case("where all is mild it counts", NOT_BETTER, _rounds(mild=[0.9, 0.9]), (MILD,)),
    Case("where all is mild it has to be seen", CANNOT_TELL, _rounds(mild=[None]), (MILD,)),
    Case("beside what cannot be seen nothing is told by what is mild", CANNOT_TELL, _rounds(errors=[None], mild=[0.1]),
         (ERRORS, MILD)),
)  # fmt: skip


@pytest.mark.parametrize("case", rows(CASES))
def test_judge(case: Case) -> None:
    verdict = judge(case.watches, case.samples, excusing=True)
    assert verdict.recovery is case.expected
    assert verdict.reason


def test_a_recovery_says_what_is_still_unusual_beside_it() -> None:
    verdict = judge((ERRORS, MILD), _rounds(errors=[0.0], mild=[0.9]), excusing=True)
    assert verdict.reason.endswith("; too mild to count against it: latency 0.9 (bound 0.5)")
    assert "mild" not in judge((ERRORS, MILD), _rounds(errors=[0.0], mild=[0.1]), excusing=True).reason


def test_one_look_is_in_band_whatever_is_mild_beside_it() -> None:
    assert in_band((ERRORS, MILD), _rounds(errors=[0.0], mild=[0.9])[0], excusing=True)
    assert not in_band((ERRORS, MILD), _rounds(errors=[0.0], mild=[1.3])[0], excusing=True)
    assert not in_band((MILD,), _rounds(mild=[0.9])[0], excusing=True)


def test_what_is_mild_counts_beside_what_was_well_all_along() -> None:
    """A healthy number of an alert that is long over says nothing of what still fires."""
    beside = _rounds(errors=[0.0, 0.0], mild=[0.8, 0.8])
    assert judge((ERRORS, MILD), beside).recovery is NOT_BETTER
    assert not in_band((ERRORS, MILD), beside[0])


def test_only_what_is_harmful_and_not_mild_is_gravely_bad() -> None:
    """Only beside that may what is mild be excused."""
    assert gravely_bad((ERRORS, MILD), _rounds(errors=[0.4], mild=[0.9])[0])
    assert not gravely_bad((ERRORS, MILD), _rounds(errors=[0.0], mild=[0.9])[0])
    assert gravely_bad((ERRORS, MILD), _rounds(errors=[0.0], mild=[1.3])[0])


def test_that_it_has_no_value_is_mild_only_for_what_may_not_rise() -> None:
    """Latency without requests is nothing; requests without a value are all gone."""
    assert MILD.mild(None)
    assert not FREE.model_copy(update={"mild_until": 5.0}).mild(None)


def test_a_verdict_says_what_it_rests_on() -> None:
    assert judge((ERRORS,), _rounds(errors=[0.01, None, 0.01])).reason == "errors: 1 of 3 samples had no value"
    assert judge((ERRORS,), _rounds(errors=[0.4, 0.25])).reason == (
        "errors: 0.25 (bound 0.05), 0 of 2 samples in band, 50% of the excess is gone"
    )


def test_a_number_that_nobody_saw_bad_says_nothing_while_its_alert_fires() -> None:
    """It may be that of another cluster. Seen bad once, it is known to be the alert's own."""
    well = _rounds(errors=[0.0, 0.0], free=[12.0, 12.0])
    verdict = judge((ERRORS, FREE), well, {"errors"})
    assert verdict.recovery is CANNOT_TELL
    assert "its alert still fires by its sender's word" in verdict.reason
    assert verdict.earns_a_wait, "its sender says so later than the number"
    gone = judge((ERRORS, FREE), _rounds(errors=[0.0, 0.0], free=[None, None]), {"errors"})
    assert (gone.recovery, gone.earns_a_wait) == (CANNOT_TELL, False)
    assert judge((ERRORS,), _rounds(errors=[0.45]), {"errors"}).recovery is NOT_BETTER


def test_an_alert_that_fires_and_that_nobody_watches_is_not_over() -> None:
    well = _rounds(errors=[0.0, 0.0])
    verdict = judge((ERRORS,), well, {"another", "a third"})
    assert verdict.recovery is CANNOT_TELL
    assert verdict.reason.endswith("alerts that fire on without being watched: 2")
    assert judge((ERRORS,), _rounds(errors=[0.45]), {"another"}).recovery is NOT_BETTER


def test_what_a_look_has_seen_bad_is_out_of_band_or_fires() -> None:
    ratio = ERRORS.model_copy(update={"series": "ratio"})
    samples = [Sample(series="errors", value=0.06), Sample(series="free", value=10), Sample(series="alert", value=1)]
    assert seen_bad((ERRORS, FREE, FIRES), samples) == ("errors", "alert")
    assert seen_bad((ratio,), [Sample(series="ratio", value=None, fires=True)]) == ("ratio",)
    assert seen_bad((ratio, FREE), [Sample(series="ratio", value=None, fires=False)]) == ()


VALUES = st.none() | st.floats()


@given(st.lists(st.tuples(VALUES, VALUES), min_size=1, max_size=5))
def test_recovered_means_that_every_sample_of_every_watch_was_seen_in_band(
    seen: list[tuple[float | None, float | None]],
) -> None:
    rounds = _rounds(errors=[a for a, _ in seen], free=[b for _, b in seen])
    in_band = all(a is not None and b is not None and a <= 0.05 and b >= 10 for a, b in seen)
    assert (judge((ERRORS, FREE), rounds).recovery is RECOVERED) == in_band


@given(st.permutations([ERRORS, FREE, FIRES]), st.lists(st.tuples(VALUES, VALUES, VALUES), min_size=1, max_size=3))
def test_the_order_of_the_watches_does_not_change_the_verdict(
    shuffled: list[Watch], seen: list[tuple[float | None, float | None, float | None]]
) -> None:
    rounds = _rounds(errors=[s[0] for s in seen], free=[s[1] for s in seen], alert=[s[2] for s in seen])
    assert judge(shuffled, rounds).recovery is judge((ERRORS, FREE, FIRES), rounds).recovery


@dataclass(frozen=True)
class Rule:
    name: str
    query: str
    harmful_above: bool
    bound: float
    or_equal: bool = False


RULES = (
    Rule("error_ratio > 0.05", "error_ratio", True, 0.05),
    Rule("error_ratio>0.05", "error_ratio", True, 0.05),
    Rule("  error_ratio\n  >  0.05\n", "error_ratio", True, 0.05),
    Rule("up < 1", "up", False, 1),
    Rule("queue_length >= 100", "queue_length", True, 100, or_equal=True),
    Rule("replicas <= 0", "replicas", False, 0, or_equal=True),
    Rule("errors > 1e-3", "errors", True, 0.001),
    Rule("bytes > 1.5E9", "bytes", True, 1.5e9),
    Rule("drift > .5", "drift", True, 0.5),
    Rule("drift < -2", "drift", False, -2),
    Rule("sum(rate(a[5m])) / sum(rate(b[5m])) > 0.05", "sum(rate(a[5m])) / sum(rate(b[5m]))", True, 0.05),
    Rule("(a or 0 * b) / b > 0.05", "(a or 0 * b) / b", True, 0.05),
    Rule("a{path!=\"/x > 1 and y\", code=~'5..'} > 2", "a{path!=\"/x > 1 and y\", code=~'5..'}", True, 2),
    Rule("count(up == bool 0) > 0", "count(up == bool 0)", True, 0),
    Rule("count(load >= bool 3) > 0", "count(load >= bool 3)", True, 0),
    Rule("land_and_sea > 3", "land_and_sea", True, 3),
)


@pytest.mark.parametrize("rule", rows(RULES))
def test_a_rule_with_a_number_beside_it_can_be_watched(rule: Rule) -> None:
    watch = watch_of_rule("s", rule.name, {"a": "b"}, 0.4)
    assert watch == Watch(
        series="s", query=rule.query, harmful_above=rule.harmful_above, bound=rule.bound, or_equal=rule.or_equal,
        labels={"a": "b"}, before=0.4,
    )  # fmt: skip


@pytest.mark.parametrize(
    "rule",
    [
        None, "", "absent(up)", "up == 0", "up != 1", "a > b", "0.05 < a", "a > 0.05 and b > 10", "a or b > 1",
        "a unless b > 1", "a > 1 > 0", "sum(a > 5)", "count(up == 0) > 0", "count(a > 5) > 0", "a > 5m", "a > +Inf",
        "> 3", "a AND b > 1", "a offset 30m > 0.05", "a @ 1609746000 > 0.05", "a @ end() > 0.05",
    ],
)  # fmt: skip
def test_a_rule_of_another_form_gives_no_number_to_watch(rule: str | None) -> None:
    """Vectors on both sides, a number that belongs to a part only, a query that is empty when all is well, or one that
    looks at another time.
    """
    assert watch_of_rule("s", rule, {}, None) is None


@given(st.text(max_size=60) | st.text(st.sampled_from("ab<>=()[]{}\"' 0.5e-andor"), max_size=40))
def test_no_rule_ever_raises(rule: str) -> None:
    watch = watch_of_rule("s", rule, {}, None)
    assert watch is None or watch.window_s >= 0


@given(st.floats(allow_nan=False, allow_infinity=False), st.sampled_from([">", ">=", "<", "<="]))
def test_every_bound_that_can_be_written_is_read(bound: float, op: str) -> None:
    watch = watch_of_rule("s", f"a {op} {bound!r}", {}, None)
    assert watch is not None
    assert watch.bound == bound


@dataclass(frozen=True)
class Range:
    name: str
    seconds: float


WINDOWS = (
    Range("errors", 0),
    Range("rate(a[5m])", 300),
    Range("rate(a[30s]) / rate(b[2m])", 120),
    Range("rate(a[1h30m])", 5_400),
    Range("rate(a[500ms])", 0.5),
    Range("max_over_time(a[1d])", 86_400),
    Range("max_over_time(rate(a[5m])[30m:1m])", 1_800),
)


@pytest.mark.parametrize("case", rows(WINDOWS))
def test_the_longest_range_window_of_a_query(case: Range) -> None:
    assert Watch(series="s", query=case.name, harmful_above=True, bound=1).window_s == case.seconds


def test_a_look_is_fair_after_the_policys_time_or_the_range_window_and_a_scrape() -> None:
    short = ERRORS.model_copy(update={"query": "rate(a[30s])"})
    long = ERRORS.model_copy(update={"query": "rate(a[5m])"})
    assert settle_s((ERRORS,), 60, 15) == 60
    assert settle_s((short,), 60, 15) == 60
    assert settle_s((short, long), 60, 15) == 315
    assert settle_s((), 60, 15) == 60


@pytest.mark.parametrize(
    ("labels", "shown"),
    [
        ({"alertname": "HighErrorRate", "service": "orders"}, "HighErrorRate on orders"),
        ({"alertname": "HighErrorRate"}, "HighErrorRate"),
        ({"service": "orders"}, "prometheus:541c"),
    ],
)
def test_a_verdict_names_the_alert_and_not_its_fingerprint(labels: dict[str, str], shown: str) -> None:
    by_rule = watch_of_rule("prometheus:541c", "errors > 0.05", labels, 0.3)
    assert by_rule is not None
    for watch in (by_rule, Watch.of_alert("prometheus:541c", labels)):
        seen, unseen = (judge([watch], [[Sample(series=watch.series, value=v)]]) for v in (0.0, None))
        assert seen.reason.startswith(f"{shown}: 0 (bound ")
        assert unseen.reason.startswith(f"{shown}: 1 of 1 samples")
