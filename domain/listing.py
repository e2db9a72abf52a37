"""Lists of incidents: what is wanted, in which order, and where one page ends and the next begins. Pure."""

import base64
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Self

from pydantic import AwareDatetime, Field

from domain.finding import Category
from domain.incident import Outcome, State
from domain.levels import Severity
from domain.model import Model
from domain.view import IncidentView

PAGE = 50
LONGEST_TEXT = 200
_NEVER = datetime.max.replace(tzinfo=UTC)


class Need(StrEnum):
    """What a person has to do."""

    APPROVAL = "approval"
    ACK = "ack"
    NONE = "none"


class Filter(Model):
    """Which incidents are wanted; a field that is empty excludes none. `since` and `until` are of the opening."""

    open_only: bool = False
    at_risk: bool = False
    states: tuple[State, ...] = ()
    severities: tuple[Severity, ...] = ()
    needs: tuple[Need, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    causes: tuple[Category, ...] = ()
    service: str = Field(default="", max_length=LONGEST_TEXT)
    text: str = Field(default="", max_length=LONGEST_TEXT)
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None

    @property
    def everything(self) -> bool:
        """Does it exclude nothing?"""
        return self == Filter()


class Place(Model):
    """Where an incident stands in the order of lists. `due` None: no clock runs; `rank` is 0 for a closed one."""

    closed: bool
    calm: bool
    due: AwareDatetime | None
    rank: int = Field(ge=0, le=10)
    opened_at: AwareDatetime
    incident: str

    @property
    def order(self) -> tuple[bool, bool, datetime, int, timedelta, str]:
        """Needs a person first, then time left, then severity, then newest; closed ones after that."""
        return (self.closed, self.calm, self.due or _NEVER, -self.rank, _NEVER - self.opened_at, self.incident)

    @property
    def token(self) -> str:
        """The place as one word for an address."""
        return base64.urlsafe_b64encode(self.model_dump_json().encode()).decode().rstrip("=")

    @classmethod
    def of(cls, view: IncidentView) -> Self:
        closed = view.state.closed
        runs = not closed and view.clock.stopped_at is None
        return cls(
            closed=closed, calm=view.needs == Need.NONE, due=view.sla_due if runs else None,
            rank=0 if closed else view.severity.rank, opened_at=view.opened_at, incident=view.incident,
        )  # fmt: skip

    @classmethod
    def read(cls, token: str) -> Self:
        """The place that a token stands for. Raises ValueError for one that we did not make."""
        try:
            return cls.model_validate_json(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        except ValueError as error:  # no base 64, no JSON, no place
            raise ValueError("after: is no place in the list") from error


class Page(Model):
    """A stretch of the list, without findings and timelines. `after` None: it is the last one."""

    views: tuple[IncidentView, ...]
    after: Place | None = None


class SavedFilter(Model):
    """A filter with its columns, under a name that people gave it. `query` is as it stands in an address."""

    name: str = Field(min_length=1, max_length=60)
    query: str = Field(max_length=2_000)
    who: str
    at: AwareDatetime


class Counts(Model):
    """Open incidents by what matters. `untold`: people were to be called, and no message was delivered.

    `oldest_request`: when the decision that waits longest was asked for.
    """

    open: int = 0
    approval: int = 0
    ack: int = 0
    at_risk: int = 0
    untold: int = 0
    oldest_request: AwareDatetime | None = None
    by_severity: dict[Severity, int] = {}


def risks(view: IncidentView, now: datetime) -> bool:
    """Has so much of the time to recovery passed that the target is at risk, or missed, while the clock runs?"""
    runs = not view.state.closed and view.clock.stopped_at is None
    return runs and now >= view.at_risk_from


def untold(view: IncidentView) -> bool:
    """Was somebody to be called, and nobody could be told? The last call counts: an earlier one that was heard said
    less.
    """
    told = view.clock.told
    last = next((t for t in reversed(told) if t.awaits), told[-1] if told else None)
    heard = last is None or any(d.delivered and d.calls and d.at >= last.at for d in view.deliveries)
    return not (view.state.closed or heard)


def cause_of(view: IncidentView) -> Category | None:
    """The category of the named cause; UNKNOWN when it was looked for in vain, None when nobody has looked yet."""
    if view.diagnosis is None:
        return None
    return view.diagnosis.named.category if view.diagnosis.named else Category.UNKNOWN


def wanted(view: IncidentView, by: Filter, now: datetime) -> bool:
    """Does the filter let it through?"""
    return all((
        not (by.open_only and view.state.closed),
        not by.at_risk or risks(view, now),
        not by.states or view.state in by.states,
        not by.severities or view.severity in by.severities,
        not by.needs or view.needs in by.needs,
        not by.outcomes or view.outcome in by.outcomes,
        not by.causes or cause_of(view) in by.causes,
        not by.service or by.service in (view.service, *view.services),
        not by.text or _mentions(view, by.text),
        by.since is None or view.opened_at >= by.since,
        by.until is None or view.opened_at < by.until,
    ))  # fmt: skip


def _mentions(view: IncidentView, text: str) -> bool:
    return any(text.lower() in said.lower() for said in (view.incident, view.title, view.service, view.cause))


def counted(views: Iterable[IncidentView], now: datetime) -> Counts:
    """The counts of these incidents; closed ones do not count."""
    open_ones = [view for view in views if not view.state.closed]
    asked = [view.waiting.asked_at for view in open_ones if view.waiting is not None]
    return Counts(
        open=len(open_ones),
        approval=sum(view.needs == Need.APPROVAL for view in open_ones),
        ack=sum(view.needs == Need.ACK for view in open_ones),
        at_risk=sum(risks(view, now) for view in open_ones),
        untold=sum(untold(view) for view in open_ones),
        oldest_request=min(asked, default=None),
        by_severity={s: n for s in Severity if (n := sum(view.severity is s for view in open_ones))},
    )
