"""LogQL and TraceQL: what is asked for, and that no name of a service can ask for anything else."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from domain.finding import Window
from integrations.go_strings import quoted
from integrations.loki.query import LokiLabels, count_query, counted_at, log_query, nanoseconds
from integrations.ports import Rejected
from integrations.tempo.query import trace_query, whole_seconds

START = datetime(2026, 1, 31, 12, tzinfo=UTC)
WINDOW = Window(start=START, end=START + timedelta(minutes=10))
# Go's interpreted strings as Loki's and Tempo's scanners read them, as far as they are ASCII.
STRING = r'"(?:[ !#-\[\]-~]|\\["\\]|\\u[0-9a-f]{4}|\\U[0-9a-f]{8})*"'
TOKEN = re.compile(rf"{STRING}|=~|&&|[{{}}|=]|[a-zA-Z_][a-zA-Z0-9_.]*|\s+")
NAMES = st.text(max_size=20) | st.text(alphabet='\\"`{}|=~&.*+?()[]^$ \n', max_size=20)
HOSTILE = 'a"} or {x=~".+'


def tokens(query: str) -> list[str]:
    """The query's tokens without white space, and nothing may be left between them."""
    found = TOKEN.findall(query)
    assert "".join(found) == query
    return [token for token in found if not token.isspace()]


def unquoted(string: str) -> str:
    """What Go's strconv.Unquote makes of it."""
    assert re.fullmatch(STRING, string)
    escape = re.compile(r'\\(?:u([0-9a-f]{4})|U([0-9a-f]{8})|(["\\]))')
    return escape.sub(lambda m: m[3] or chr(int(m[1] or m[2], 16)), string[1:-1])


def known_to_go(text: str) -> str:
    """Half a surrogate pair is no character there."""
    return re.sub("[\ud800-\udfff]", "\ufffd", text)


@pytest.mark.parametrize(
    ("labels", "services", "levels", "query"),
    [
        (LokiLabels(), ["orders"], None, '{service_name=~"orders"}'),
        (
            LokiLabels(), ["orders", "gate.way"], ["ERROR", "FATAL"],
            r'{service_name=~"orders|gate\\.way"} | detected_level=~"(?i)(ERROR|FATAL)"',
        ),
        (LokiLabels(service="app", level="level"), ["a"], ["ERROR"], '{app=~"a"} | level=~"(?i)(ERROR)"'),
        (LokiLabels(), ["", "a"], None, '{service_name=~"a"}'),
        (LokiLabels(), ["caf\u00e9", "\U0001f600"], None, r'{service_name=~"caf\u00e9|\U0001f600"}'),
    ],
)  # fmt: skip
def test_the_logql_that_is_sent(
    labels: LokiLabels, services: Sequence[str], levels: Sequence[str] | None, query: str
) -> None:
    assert log_query(labels, services, levels) == query


@pytest.mark.parametrize("services", [[], [""]])
def test_without_a_service_loki_is_asked_for_nothing(services: list[str]) -> None:
    """Its own refusal would speak of matchers that are compatible with empty ones."""
    with pytest.raises(Rejected, match="the lines of no service"):
        log_query(LokiLabels(), services, ["ERROR"])


def test_a_count_covers_the_start_of_the_window_and_not_its_end() -> None:
    """A range of LogQL is open at its start and closed at its end, so it is asked for a nanosecond earlier."""
    assert count_query('{a="b"}', WINDOW) == 'sum(count_over_time({a="b"} [600000ms]))'
    longer = Window(start=WINDOW.start - timedelta(microseconds=1), end=WINDOW.end)
    assert "[600001ms]" in count_query('{a="b"}', longer)
    assert counted_at(WINDOW) == nanoseconds(WINDOW.end) - 1
    assert nanoseconds(START + timedelta(microseconds=1)) == 1_769_860_800_000_001_000


@given(st.lists(NAMES, min_size=1, max_size=4), NAMES)
@example([HOSTILE], "x")
@example(["a|b"], "a")
@example([".*"], "other")
def test_no_name_of_a_service_changes_the_logql_around_it(services: list[str], other: str) -> None:
    names = [name for name in services if name]
    if not names:
        return
    found = tokens(log_query(LokiLabels(), services, ["ERROR"]))
    string = found[3]
    assert found == ["{", "service_name", "=~", string, "}", "|", "detected_level", "=~", '"(?i)(ERROR)"']
    pattern = re.compile(unquoted(string))
    wanted = {known_to_go(name) for name in names}
    assert all(pattern.fullmatch(name) for name in wanted)
    assert bool(pattern.fullmatch(known_to_go(other))) is (known_to_go(other) in wanted)


@given(NAMES)
@example(HOSTILE)
def test_no_name_of_a_service_changes_the_traceql_around_it(service: str) -> None:
    found = tokens(trace_query(service, errors_only=True))
    assert [found[:3], found[4:]] == [["{", "resource.service.name", "="], ["&&", "status", "=", "error", "}"]]
    assert unquoted(found[3]) == known_to_go(service)


def test_the_traceql_that_is_sent() -> None:
    assert trace_query("orders", errors_only=False) == '{ resource.service.name = "orders" }'
    assert trace_query("orders", errors_only=True) == '{ resource.service.name = "orders" && status = error }'


def test_tempo_is_asked_for_whole_seconds_that_hold_the_window() -> None:
    part = Window(start=START + timedelta(seconds=0.5), end=START + timedelta(seconds=1.5))
    at = int(START.timestamp())
    assert whole_seconds(part) == {"start": at, "end": at + 2}
    assert whole_seconds(part, wider_s=60) == {"start": at - 60, "end": at + 62}


@pytest.mark.parametrize(("text", "string"), [("\x00\x7f", r'"\u0000\u007f"'), ("\ud800", r'"\ufffd"'), ("`", '"`"')])
def test_what_go_could_not_read_is_written_as_an_escape(text: str, string: str) -> None:
    assert quoted(text) == string
