"""Business hours: when people are at work, and times counted in those hours only."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from domain.policy import Calendar

# A calendar without a single business hour in this many days is a mistake, not a holiday.
_HORIZON_DAYS = 370
_MIDNIGHT = time(0)


def open_at(calendar: Calendar, at: datetime) -> bool:
    """Is `at` within business hours?"""
    local = at.astimezone(ZoneInfo(calendar.zone))
    return _business_day(calendar, local.date()) and local.time() >= calendar.opens and at < _closing(calendar, at)


def next_opening(calendar: Calendar, after: datetime) -> datetime:
    """The first opening strictly after `after`, in the zone of `after`.

    Raises ValueError when no business day comes for a year: then the holidays are a mistake.
    """
    zone = ZoneInfo(calendar.zone)
    day = after.astimezone(zone).date()
    for offset in range(_HORIZON_DAYS):
        opening = datetime.combine(day + timedelta(days=offset), calendar.opens, tzinfo=zone)
        if opening > after and _business_day(calendar, opening.date()):
            return opening.astimezone(after.tzinfo)
    raise ValueError(f"calendar: no business day within {_HORIZON_DAYS} days of {after.isoformat()!r}")


def add_business_time(calendar: Calendar, start: datetime, amount: timedelta) -> datetime:
    """The instant, in UTC, at which `amount` of business time has passed since `start`."""
    # In UTC throughout: adding to or subtracting within a zone ignores its changes of clocks.
    at, left = _open_from(calendar, start.astimezone(UTC)), amount
    while left > (today := _closing(calendar, at) - at):
        left -= today
        at = _open_from(calendar, at + today)
    return at + left


def _open_from(calendar: Calendar, at: datetime) -> datetime:
    """`at` itself where it is open then, such as at midnight between two days without a night."""
    return at if open_at(calendar, at) else next_opening(calendar, at)


def _closing(calendar: Calendar, at: datetime) -> datetime:
    """When the day of `at` closes. Midnight is that of the day's end."""
    zone = ZoneInfo(calendar.zone)
    day = at.astimezone(zone).date() + timedelta(days=calendar.closes == _MIDNIGHT)
    return datetime.combine(day, calendar.closes, tzinfo=zone).astimezone(UTC)


def _business_day(calendar: Calendar, day: date) -> bool:
    return day.weekday() in calendar.weekdays and day.isoformat() not in calendar.holidays
