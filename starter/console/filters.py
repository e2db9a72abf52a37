"""The filter of the list in its address: read from the query string, and written back for links."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TypeVar
from urllib.parse import urlencode

from starlette.datastructures import QueryParams

from domain.finding import Category
from domain.incident import Outcome, State
from domain.levels import Severity
from domain.listing import LONGEST_TEXT, Filter, Need, Place

E = TypeVar("E", bound=StrEnum)
CHOICES: Mapping[str, Sequence[str]] = {
    "severity": tuple(reversed(Severity)), "state": tuple(State), "needs": tuple(Need), "outcome": tuple(Outcome),
    "cause": tuple(Category),
}  # fmt: skip
COLUMNS = ("needs", "sla", "opened", "alerts", "attempts")
_MEANT = frozenset({*CHOICES, "show", "service", "since", "until", "q", "col"})
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


def read(params: QueryParams, now: datetime) -> Filter:
    """The filter. Raises ValueError with the parameter's name for a value that means nothing."""
    show = params.get("show", "all")
    if show not in {"all", "open", "risk"}:
        raise ValueError(f"show: {show[:40]!r} is none of all, open, risk")
    return Filter(
        open_only=show != "all", at_risk=show == "risk",
        states=_chosen(State, params, "state"), severities=_chosen(Severity, params, "severity"),
        needs=_chosen(Need, params, "needs"), outcomes=_chosen(Outcome, params, "outcome"),
        causes=_chosen(Category, params, "cause"), service=_text(params, "service"), text=_text(params, "q"),
        since=moment("since", params.get("since", ""), now), until=moment("until", params.get("until", ""), now),
    )  # fmt: skip


def columns(params: QueryParams) -> Sequence[str]:
    """The columns that are shown beside severity, state and title; none named: all. Raises ValueError."""
    named = [column for column in params.getlist("col") if column]
    unknown = next((column for column in named if column not in COLUMNS), None)
    if unknown is not None:
        raise ValueError(f"col: {unknown[:40]!r} is none of {', '.join(COLUMNS)}")
    return [column for column in COLUMNS if column in named] or COLUMNS


def kept(query: str, now: datetime) -> str:
    """The part of an address that makes a filter with its columns, and nothing else of it. Raises ValueError."""
    params = QueryParams(query.removeprefix("?"))
    read(params, now)
    columns(params)
    return urlencode([(name, value) for name, value in params.multi_items() if name in _MEANT and value])


def place(params: QueryParams) -> Place | None:
    """Where the page begins. Raises ValueError."""
    token = params.get("after", "")
    return Place.read(token) if token else None


def address(params: QueryParams, **changes: str) -> str:
    """The list's address with these parameters and some others; an empty one goes, and so does the page."""
    kept = [
        (name, value) for name, value in params.multi_items() if name not in {*changes, "after", "format"} and value
    ]
    query = urlencode([*kept, *((name, value) for name, value in changes.items() if value)])
    return f"/incidents?{query}" if query else "/incidents"


def said(params: QueryParams) -> Sequence[str]:
    """What the filter says, for people: `severity HIGH`."""
    named = (*CHOICES, "service", "since", "until")
    words = [f"{name} {value}" for name in named for value in params.getlist(name) if value]
    words += [f"text {value!r}" for value in params.getlist("q") if value]
    return [*words, *(["at risk"] if params.get("show") == "risk" else [])]


def moment(name: str, given: str, now: datetime) -> datetime | None:
    """A day, a moment in ISO 8601, or so long ago: 90m, 24h, 7d. Raises ValueError."""
    given = given.strip()
    if not given:
        return None
    if given[-1] in _UNITS and given[:-1].isdecimal() and len(given) < 8:  # noqa: PLR2004 - no such age
        return _ago(name, given, now)
    try:
        at = datetime.fromisoformat(given)
    except ValueError:
        raise ValueError(f"{name}: {given[:40]!r} is no day (2026-01-31), no moment and no age (24h)") from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _ago(name: str, given: str, now: datetime) -> datetime:
    try:
        return now - timedelta(**{_UNITS[given[-1]]: int(given[:-1])})
    except OverflowError:
        raise ValueError(f"{name}: {given!r} ago is before all time") from None


def _chosen(kind: type[E], params: QueryParams, name: str) -> tuple[E, ...]:
    return tuple(one(kind, name, value) for value in params.getlist(name) if value)


def one(kind: type[E], name: str, value: str) -> E:
    """The member that is meant, in any case. Raises ValueError, which lists them."""
    known: dict[str, E] = {member.value.lower(): member for member in kind}
    found = known.get(value.strip().lower())
    if found is None:
        raise ValueError(f"{name}: {value[:40]!r} is none of {_list(kind)}")
    return found


def _list(kind: Iterable[StrEnum]) -> str:
    return ", ".join(member.value for member in kind)


def _text(params: QueryParams, name: str) -> str:
    value = params.get(name, "").strip()
    if len(value) > LONGEST_TEXT:
        raise ValueError(f"{name}: is longer than {LONGEST_TEXT} characters")
    return value
