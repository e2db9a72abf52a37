"""The filter of `nightshift incidents`, from its options."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from domain.finding import Category
from domain.incident import Outcome, State
from domain.levels import Severity
from domain.listing import Filter, Need
from starter.console.filters import moment, one


def filter_of(
    given: Mapping[str, Sequence[str] | None], service: str, since: str, until: str, text: str, now: datetime,
    *, only_open: bool, at_risk: bool,
) -> Filter:  # fmt: skip
    """Raises ValueError with the option's name for a value that means nothing."""
    return Filter(
        open_only=only_open, at_risk=at_risk, service=service.strip(), text=text.strip(),
        states=tuple(one(State, "state", value) for value in given["state"] or ()),
        severities=tuple(one(Severity, "severity", value) for value in given["severity"] or ()),
        needs=tuple(one(Need, "needs", value) for value in given["needs"] or ()),
        outcomes=tuple(one(Outcome, "outcome", value) for value in given["outcome"] or ()),
        causes=tuple(one(Category, "cause", value) for value in given["cause"] or ()),
        since=moment("since", since, now), until=moment("until", until, now),
    )  # fmt: skip
