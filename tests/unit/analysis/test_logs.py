"""Log lines as templates, against the hour before."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.logs import Volume, by_category, templates
from analysis.wording import LogCategory

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
MINUTE, HOUR = Volume(60), Volume(3600)


@dataclass(frozen=True)
class Line:
    """A log record."""

    message: str
    at: datetime = NOON
    service: str = "orders"
    error_type: str | None = None
    trace_id: str | None = None


def test_a_new_template_comes_before_a_bursting_one_and_that_before_the_usual() -> None:
    now = [Line(f"usual {n}") for n in range(2)] + [Line(f"burst {n}") for n in range(60)] + [Line("new 1")] * 3
    before = [Line(f"usual {n}") for n in range(120)] + [Line(f"burst {n}") for n in range(60)]
    found = templates(now, MINUTE, before, HOUR)
    assert [t.text for t in found] == ["new <n>", "burst <n>", "usual <n>"]
    assert [(t.new, t.bursting) for t in found] == [(True, False), (False, True), (False, False)]


def test_the_usual_rate_says_nothing() -> None:
    found = templates([Line("retry 1")] * 10, MINUTE, [Line("retry 2")] * 600, HOUR)
    assert found[0].expected == pytest.approx(10)
    assert found[0].strength == pytest.approx(0)


def test_a_cut_sample_stands_for_all_that_matched() -> None:
    found = templates([Line("boom")] * 100, Volume(60, 0.1), [Line("boom")] * 100, Volume(3600, 0.5))
    assert found[0].count == pytest.approx(1000)
    assert found[0].expected == pytest.approx(100 / 0.5 / 60)


def test_first_seen_traces_and_error_type_are_kept() -> None:
    lines = [
        Line("x 2", NOON + timedelta(seconds=2), trace_id="b", error_type="E"), Line("x 1", NOON, trace_id="a"),
    ]  # fmt: skip
    found = templates(lines, MINUTE, [], HOUR)[0]
    assert (found.first_seen, found.last_seen) == (NOON, NOON + timedelta(seconds=2))
    assert found.trace_ids == ("a", "b")
    assert found.error_type == "E"


def test_services_do_not_share_a_template() -> None:
    found = templates([Line("x"), Line("x", service="gateway")], MINUTE, [], HOUR)
    assert [t.service for t in found] == ["gateway", "orders"]


def test_lines_are_counted_by_category() -> None:
    lines = [Line("statement timeout")] * 3 + [Line("No space left on device")] * 2
    assert by_category(templates(lines, MINUTE, [], HOUR)) == {LogCategory.TIMEOUT: 3, LogCategory.DISK: 2}


@given(st.lists(st.sampled_from(["a 1", "b 2", "c 3", "a 4"]), max_size=30), st.randoms())
def test_the_order_of_lines_does_not_matter(messages: list[str], chance: Random) -> None:
    lines = [Line(m) for m in messages]
    mixed = list(lines)
    chance.shuffle(mixed)
    assert templates(lines, MINUTE, [], HOUR) == templates(mixed, MINUTE, [], HOUR)
