"""Business hours, in the team's own zone, over weekends, holidays and changes of the clocks."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.business import add_business_time, next_opening, open_at
from domain.policy import Calendar
from tests.unit.domain.examples import rows

DEFAULT = Calendar()
BERLIN = Calendar(zone="Europe/Berlin")
HOLIDAY = Calendar(holidays=("2026-02-05",))
# Open at night too, so that a change of the clocks (on a Sunday at 02:00 or 03:00) falls into business hours.
ALWAYS = Calendar(opens=time(0), closes=time(0), weekdays=(0, 1, 2, 3, 4, 5, 6))
LATE = Calendar(opens=time(14), closes=time(0))
NIGHT = Calendar(zone="Europe/Berlin", opens=time(1), closes=time(23), weekdays=(0, 1, 2, 3, 4, 5, 6))
ONE_DAY = timedelta(days=1)


def _utc(day: int, hour: int, minute: int = 0, month: int = 2) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


@dataclass(frozen=True)
class Open:
    name: str
    at: datetime
    expected: bool
    calendar: Calendar = DEFAULT


# 4 February 2026 is a Wednesday.
OPEN = (
    Open("at 09:00 it opens", _utc(4, 9), True),
    Open("just before 09:00 it is closed", _utc(4, 8, 59), False),
    Open("just before 17:00 it is open", _utc(4, 16, 59), True),
    Open("at 17:00 it is closed", _utc(4, 17), False),
    Open("a Saturday is closed", _utc(7, 12), False),
    Open("a holiday is closed", _utc(5, 12), False, HOLIDAY),
    Open("the day after a holiday is open", _utc(6, 12), True, HOLIDAY),
    Open("in winter Berlin opens at 08:00 UTC", _utc(4, 8), True, BERLIN),
    Open("in winter Berlin closes at 16:00 UTC", _utc(4, 16), False, BERLIN),
    Open("in summer Berlin opens at 07:00 UTC", _utc(1, 7, month=7), True, BERLIN),
    Open("at midnight it never closes where a day ends then", _utc(5, 0), True, ALWAYS),
    Open("a day that ends at midnight is open just before it", _utc(4, 23, 59), True, LATE),
    Open("and is closed at it, until it opens", _utc(5, 0), False, LATE),
    Open("a Friday evening in UTC is Saturday in Auckland", _utc(6, 21), False, Calendar(zone="Pacific/Auckland")),
    Open("a Sunday evening in UTC is Monday in Auckland", _utc(8, 21), True, Calendar(zone="Pacific/Auckland")),
)


@pytest.mark.parametrize("case", rows(OPEN))
def test_open_at(case: Open) -> None:
    assert open_at(case.calendar, case.at) is case.expected


@dataclass(frozen=True)
class Opening:
    name: str
    after: datetime
    expected: datetime
    calendar: Calendar = DEFAULT


OPENINGS = (
    Opening("before business it is the same morning", _utc(4, 3), _utc(4, 9)),
    Opening("at the opening it is the next one", _utc(4, 9), _utc(5, 9)),
    Opening("within business it is the next morning", _utc(4, 10), _utc(5, 9)),
    Opening("on a Friday evening it is Monday", _utc(6, 20), _utc(9, 9)),
    Opening("a holiday is passed over", _utc(4, 20), _utc(6, 9), HOLIDAY),
    Opening(
        "over the start of summer time it comes an hour earlier", _utc(27, 20, month=3), _utc(30, 7, month=3), BERLIN
    ),
    Opening("over its end it comes an hour later", _utc(23, 20, month=10), _utc(26, 8, month=10), BERLIN),
)


@pytest.mark.parametrize("case", rows(OPENINGS))
def test_next_opening(case: Opening) -> None:
    assert next_opening(case.calendar, case.after) == case.expected


@dataclass(frozen=True)
class Added:
    name: str
    start: datetime
    hours: float
    expected: datetime
    calendar: Calendar = DEFAULT


ADDED = (
    Added("within a day it is plain time", _utc(4, 10), 3, _utc(4, 13)),
    Added("no time at all ends where it starts", _utc(4, 10), 0, _utc(4, 10)),
    Added("it may end at the very close", _utc(4, 10), 7, _utc(4, 17)),
    Added("what is left counts from the next morning", _utc(4, 16), 2, _utc(5, 10)),
    Added("from the evening it counts from the morning", _utc(4, 20), 1, _utc(5, 10)),
    Added("a weekend counts nothing", _utc(6, 16), 2, _utc(9, 10)),
    Added("a holiday counts nothing", _utc(4, 16), 2, _utc(6, 10), HOLIDAY),
    Added("24 hours are three days", _utc(2, 9), 24, _utc(4, 17)),
    Added("the hour that summer time skips is not counted", _utc(29, 0, month=3), 2, _utc(29, 2, month=3), NIGHT),
    Added("a day on which the clocks go forward has 21 hours, not 22", _utc(29, 0, month=3), 22,
          _utc(30, 0, month=3), NIGHT),
    Added("a day on which they go back has 23", _utc(24, 23, month=10), 23, _utc(25, 22, month=10), NIGHT),
)  # fmt: skip


@pytest.mark.parametrize("case", rows(ADDED))
def test_add_business_time(case: Added) -> None:
    assert add_business_time(case.calendar, case.start, timedelta(hours=case.hours)) == case.expected


CALENDARS = st.builds(
    Calendar,
    zone=st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe"]),
    opens=st.sampled_from([time(0), time(1, 30), time(9)]),
    closes=st.sampled_from([time(9, 30), time(17), time(23, 59), time(0)]),
    weekdays=st.lists(st.integers(0, 6), min_size=1, unique=True).map(tuple),
    holidays=st.sampled_from([(), ("2026-03-29", "2026-03-30")]),
)
ZONES = st.sampled_from([UTC, timezone(timedelta(hours=-7))])
INSTANTS = st.tuples(st.integers(0, 365 * 24 * 60), ZONES).map(
    lambda drawn: (_utc(1, 0, month=1) + timedelta(minutes=drawn[0])).astimezone(drawn[1])
)
AMOUNTS = st.integers(1, 3_000).map(lambda n: timedelta(minutes=n))


@given(CALENDARS, INSTANTS)
def test_the_next_opening_is_later_open_and_no_other_comes_before(calendar: Calendar, after: datetime) -> None:
    opening = next_opening(calendar, after)
    assert opening > after
    assert open_at(calendar, opening)
    assert next_opening(calendar, opening - timedelta(microseconds=1)) == opening


@given(CALENDARS, INSTANTS, AMOUNTS, AMOUNTS)
def test_adding_in_two_parts_is_adding_at_once(
    calendar: Calendar, start: datetime, one: timedelta, other: timedelta
) -> None:
    halfway = add_business_time(calendar, start, one)
    assert add_business_time(calendar, halfway, other) == add_business_time(calendar, start, one + other)


@given(INSTANTS, AMOUNTS)
def test_where_it_is_always_open_business_time_is_time(start: datetime, amount: timedelta) -> None:
    assert add_business_time(ALWAYS, start, amount) == start.astimezone(UTC) + amount


@given(CALENDARS, INSTANTS, AMOUNTS)
def test_business_time_never_passes_faster_than_time(calendar: Calendar, start: datetime, amount: timedelta) -> None:
    assert add_business_time(calendar, start, amount) - start.astimezone(UTC) >= amount


@given(CALENDARS, INSTANTS, AMOUNTS)
def test_the_zone_in_which_the_start_is_written_does_not_matter(
    calendar: Calendar, start: datetime, amount: timedelta
) -> None:
    elsewhere = start.astimezone(timezone(timedelta(hours=9)))
    assert add_business_time(calendar, elsewhere, amount) == add_business_time(calendar, start, amount)


def test_a_calendar_whose_holidays_leave_no_day_is_named_as_the_mistake() -> None:
    year = tuple((datetime(2026, 1, 1, tzinfo=UTC) + n * ONE_DAY).date().isoformat() for n in range(800))
    with pytest.raises(ValueError, match="calendar: no business day within 370 days"):
        next_opening(Calendar(holidays=year), _utc(4, 10))
