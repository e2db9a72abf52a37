"""What a window mutes: what it names, while it holds, and nothing else."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from domain.anomaly import Anomaly
from domain.doors import Door
from domain.holding import Became, Held, Tally, judged_again_at, quiet, row_of, still_muted, unjudged
from domain.levels import Severity
from domain.maintenance import Kind, Window, WindowWord, WordKind, declared, muted
from domain.matching import Comparison, Matcher, read_matcher
from domain.silence import MONITORING
from tests.incidents import minutes

NOW = datetime(2026, 1, 31, 3, 0, tzinfo=UTC)
NAMES = st.sampled_from(["orders", "catalogue", "gateway", MONITORING])
SILENCE: dict[str, Any] = {"kind": Kind.SILENCE}
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)


def alert(service: str = "orders", **facts: Any) -> Anomaly:
    told: dict[str, Any] = {
        "source": "prometheus", "fingerprint": "f1", "name": "HighErrorRatio", "service": service,
        "title": "5xx at 31 %", "starts_at": NOW, "seen_at": NOW,
    }  # fmt: skip
    return Anomaly(**{**told, **facts})


def window(**changes: Any) -> Window:
    facts: dict[str, Any] = {
        "id": "MW-1", "services": ("orders",), "starts": NOW - minutes(10), "ends": NOW + minutes(10), "who": "ana",
        "why": "release 41",
    }  # fmt: skip
    return Window(**{**facts, **changes})


@pytest.mark.parametrize(
    ("text", "value", "fits"),
    [
        ('severity="low"', "low", True),
        ("severity=low", "low", True),
        (' severity = "low" ', "high", False),
        ('severity="low"', None, False),
        ('severity=""', None, True),
        ('severity!="low"', "high", True),
        ('severity!="low"', None, True),
        ('severity=~"lo|hi"', "lo", True),
        ('severity=~"lo|hi"', "low", False),
        ('severity=~"lo"', "low", False),
        ('severity=~"lo.*"', "low", True),
        ('severity=~"hi|lo.?"', "low", True),
        ('severity!~"lo.*"', "low", False),
        ('severity!~"lo"', "low", True),
        ('severity!~"lo.*"', None, True),
        (r'severity="a \"b\" \\ c"', r'a "b" \ c', True),
        (r'severity=~"\\p{Greek}+"', "αβ", True),
        ('severity=~"(?i)LOW"', "low", True),
    ],
)
def test_a_matcher_means_what_it_means_to_alertmanager(text: str, value: str | None, fits: bool) -> None:
    assert read_matcher(text).matches({} if value is None else {"severity": value}) is fits


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('alertname=~"Disk("', "'Disk(' is not a regular expression: missing )"),
        ("severity", "'severity' is not a matcher such as"),
        ('="low"', "is not a matcher such as"),
        ('severity="low', "its quotes do not end"),
        ('severity="a"b"', "its quotes do not end"),
    ],
)
def test_a_matcher_that_is_none_is_named(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        read_matcher(text)


def test_an_expression_that_would_take_for_ever_elsewhere_is_answered() -> None:
    assert not read_matcher('x=~"(a+)+b"').matches({"x": "a" * 300})


@given(name=st.from_regex(r"[a-z_]{1,8}", fullmatch=True), comparison=st.sampled_from(Comparison), value=TEXTS)
def test_a_matcher_is_read_as_it_is_shown(name: str, comparison: Comparison, value: str) -> None:
    try:
        matcher = Matcher(name=name, comparison=comparison, value=value)
    except ValidationError:
        return  # no regular expression
    assert read_matcher(str(matcher)) == matcher


@given(
    services=st.sets(NAMES), equal=st.none() | st.sampled_from(["low", "high"]), of=NAMES,
    severity=st.sampled_from([Severity.LOW, Severity.HIGH]), at=st.integers(-20, 20),
)  # fmt: skip
def test_a_window_mutes_exactly_what_it_names_and_only_while_it_holds(
    services: set[str], equal: str | None, of: str, severity: Severity, at: int
) -> None:
    matchers = () if equal is None else (read_matcher(f"severity={equal}"),)
    if not services and not matchers:
        return
    one = window(services=tuple(services), matchers=matchers)
    seen, moment = alert(of, severity_label=severity), NOW + minutes(at)
    verdict = muted(seen, [one], moment)
    named = (of in services or (not services and of != MONITORING)) and equal in {None, severity.value.lower()}
    assert (verdict is not None) == (named and -10 <= at < 10)
    if verdict is not None:
        assert (verdict.window, verdict.until) == ("MW-1", one.ends)
        assert "MW-1" in verdict.reason
        assert "by ana: release 41" in verdict.reason


@pytest.mark.parametrize(
    ("scope", "muted_too"),
    [
        ({"services": ("orders",)}, False),
        ({"services": (), "matchers": (read_matcher('severity=~"high|medium"'),)}, False),
        (
            {"services": (), "matchers": (read_matcher('service=~".*"'), read_matcher('severity=~".+"'))} | SILENCE,
            False,
        ),
        ({"services": (MONITORING,)}, True),
        ({"services": (), "matchers": (read_matcher(f"service={MONITORING}"),)}, True),
    ],
)
def test_only_a_window_that_names_the_monitoring_mutes_that_it_is_degraded(
    scope: dict[str, Any], muted_too: bool
) -> None:
    assert (muted(alert(MONITORING), [window(**scope)], NOW) is not None) is muted_too


def test_what_has_no_label_is_asked_about_by_its_own_name_service_and_severity() -> None:
    ours = alert(source="nightshift", name="5xx", sigma=7.0)
    for text in ('alertname="5xx"', 'service="orders"', 'severity="high"'):
        assert muted(ours, [window(services=(), matchers=(read_matcher(text),))], NOW) is not None
    labelled = alert(severity_label=Severity.CRITICAL, labels={"severity": "page"})
    assert muted(labelled, [window(matchers=(read_matcher("severity=page"),))], NOW) is not None


def test_of_several_windows_the_one_that_ends_last_mutes() -> None:
    longer = window(id="MW-2", ends=NOW + minutes(60))
    verdict = muted(alert(), [window(), longer, window(id="MW-3")], NOW)
    assert verdict is not None
    assert verdict.window == "MW-2"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"ends": NOW - minutes(10)}, "is not after its start"),
        ({"ends": NOW + timedelta(days=31)}, "more than 30 days"),
        ({"services": ()}, "it would mute everything"),
        ({"services": (), "matchers": (read_matcher('team!="a"'),)}, "it would mute everything"),
        ({"services": (), "matchers": (read_matcher('severity=~".+"'),)}, "it would mute everything"),
        ({"services": (), "matchers": (read_matcher('alertname=~".+"'), read_matcher('team!="a"'))}, "mute everything"),
    ],
)
def test_a_window_has_an_end_that_is_near_and_names_something(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        window(**changes)


@pytest.mark.parametrize("text", ['severity!="critical" ', 'team=~".+"', 'alertname=~"Disk.*"', 'service=~"ord.*"'])
def test_a_window_may_be_wide_as_long_as_something_is_left_to_page(text: str) -> None:
    assert window(services=(), matchers=(read_matcher('severity=~".+"'), read_matcher(text))).holds(NOW)


def _word(kind: WordKind, at: int, who: str = "ana") -> WindowWord:
    return WindowWord(kind=kind, window=window(), at=NOW + minutes(at), who=who, door=Door.CLI)


@given(st.permutations([_word(WordKind.DECLARED, -10), _word(WordKind.ENDED, 2, "mia"), _word(WordKind.ENDED, 5)]))
def test_words_come_to_the_same_in_any_order_and_the_first_end_counts(words: list[WindowWord]) -> None:
    (one,) = declared([*words, *words])
    assert (one.window.ends, one.ended_by) == (NOW + minutes(2), "mia")
    assert one.state(NOW) == "in force"
    assert one.state(NOW + minutes(2)) == "ended by mia"
    assert muted(alert(), [one.window], NOW + minutes(2)) is None


def test_a_window_that_was_ended_before_it_began_never_holds() -> None:
    coming = window(starts=NOW + minutes(5), ends=NOW + minutes(9))
    words = [WindowWord(kind=kind, window=coming, at=NOW, who="ana", door=Door.CLI) for kind in WordKind]
    (one,) = declared(words)
    assert not any(one.window.holds(NOW + minutes(n)) for n in range(12))


def _held(**changes: Any) -> Held:
    verdict = muted(alert(), [window(**changes)], NOW)
    assert verdict is not None
    return Held(anomaly=alert(), by=verdict, since=NOW)


def test_what_is_held_is_judged_at_the_end_of_what_mutes_it_and_a_silence_each_minute() -> None:
    assert judged_again_at([_held()], NOW) == NOW + minutes(5)
    assert judged_again_at([_held(), _held(ends=NOW + minutes(2))], NOW) == NOW + minutes(2)
    assert judged_again_at([_held(kind=Kind.SILENCE)], NOW) == NOW + minutes(1)


@pytest.mark.parametrize(
    ("unasked", "at", "stays"),
    [
        ((), 1, ()),
        ((Kind.MAINTENANCE,), 1, (Kind.MAINTENANCE,)),
        ((Kind.SILENCE,), 1, (Kind.SILENCE,)),
        (tuple(Kind), 1, tuple(Kind)),
        (tuple(Kind), 10, ()),
    ],
)
def test_what_was_promised_by_whom_nobody_can_ask_counts_until_its_end_and_nothing_else_does(
    unasked: tuple[Kind, ...], at: int, stays: tuple[Kind, ...]
) -> None:
    still = still_muted([_held(kind=kind) for kind in Kind], {}, NOW + minutes(at), unasked)
    assert tuple(one.by.kind for one in still) == stays


def test_a_banner_tells_of_windows_in_force_and_of_silences_that_hold_something() -> None:
    silence = row_of(_held(kind=Kind.SILENCE, id="s-1", services=(), matchers=(read_matcher("service=orders"),)),
                     "muted-orders", Became.HELD, NOW)  # fmt: skip
    windows = declared([_word(WordKind.DECLARED, -10)])
    one, other = quiet(windows, {"s-1": Tally(held=1, in_all=1)}, [silence], NOW)
    assert (one.window, one.held, one.said, one.last) == ("MW-1", 0, "orders, says ana: release 41", "")
    assert (other.window, other.held, other.last) == ("s-1", 1, "HighErrorRatio of orders since 03:00:00 UTC")
    over = silence.model_copy(update={"became": Became.RESOLVED})
    for row in (over, silence):
        assert quiet(windows, {}, [row], NOW + minutes(20)) == ()


def test_what_is_held_beyond_its_end_is_told_apart_for_a_day() -> None:
    """Its workflow was terminated: nothing ran that could have said so."""
    row = row_of(_held(), "muted-orders", Became.HELD, NOW)  # until ten minutes after NOW
    tallies = {"MW-1": Tally(held=2, in_all=3)}
    for later in (10, 19):
        assert unjudged(tallies, [row], NOW + minutes(later)) == ()
    (one,) = unjudged(tallies, [row], NOW + minutes(20))
    assert (one.window, one.said, one.held, one.last) == (
        "MW-1", "muted-orders", 2, "HighErrorRatio of orders since 03:00:00 UTC",
    )  # fmt: skip
    assert unjudged(tallies, [row], NOW + minutes(60 * 24 + 10)) == ()
    assert unjudged({}, [row.model_copy(update={"became": Became.OPENED})], NOW + minutes(20)) == ()
