"""The policy: every limit, deadline and threshold that a team may set. Loaded from YAML, validated at start."""

from datetime import date, time
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import ConfigDict, Field, field_validator, model_validator

from domain.allowed import problem
from domain.levels import Risk, Severity
from domain.model import Model

ChannelName = Literal["pagerduty", "slack", "email"]
_YEAR_MIN = 366 * 24 * 60
_YEAR_S = _YEAR_MIN * 60


class _Setting(Model):
    """Times beyond a year, infinity and NaN are no settings: no clock could be set by them."""

    model_config = ConfigDict(allow_inf_nan=False)


class Escalation(_Setting):
    """One row of the escalation table. Times in minutes.

    `tell_below`: people are told when confidence is below it. `acknowledge_min` None: by the next business morning.
    """

    tell_below: float = Field(ge=0, le=1)
    attempts: int = Field(ge=0, le=10)
    delay_min: float = Field(ge=0, le=_YEAR_MIN)
    channels: tuple[ChannelName, ...] = Field(min_length=1)
    tier: int = Field(ge=1, le=3)
    acknowledge_min: float | None = Field(gt=0, le=_YEAR_MIN)
    mttr_target_min: float = Field(gt=0, le=_YEAR_MIN)
    decide_min: float = Field(gt=0, le=_YEAR_MIN, description="deadline of an approval")


class EscalationTable(_Setting):
    """Who is told, how fast, and how long the machine may try, by severity (spec section 6)."""

    CRITICAL: Escalation = Escalation(
        tell_below=0.9,
        attempts=1,
        delay_min=0,
        channels=("pagerduty", "slack", "email"),
        tier=1,
        acknowledge_min=5,
        mttr_target_min=15,
        decide_min=5,
    )
    HIGH: Escalation = Escalation(
        tell_below=0.7,
        attempts=2,
        delay_min=5,
        channels=("slack", "email"),
        tier=2,
        acknowledge_min=10,
        mttr_target_min=60,
        decide_min=15,
    )
    MEDIUM: Escalation = Escalation(
        tell_below=0.5,
        attempts=3,
        delay_min=15,
        channels=("slack",),
        tier=3,
        acknowledge_min=30,
        mttr_target_min=240,
        decide_min=30,
    )
    LOW: Escalation = Escalation(
        tell_below=0.3,
        attempts=5,
        delay_min=60,
        channels=("email",),
        tier=3,
        acknowledge_min=None,
        mttr_target_min=1440,
        decide_min=240,
    )

    def row(self, severity: Severity) -> Escalation:
        rows: dict[Severity, Escalation] = {
            Severity.CRITICAL: self.CRITICAL,
            Severity.HIGH: self.HIGH,
            Severity.MEDIUM: self.MEDIUM,
            Severity.LOW: self.LOW,
        }
        return rows[severity]


class Calendar(_Setting):
    """Business hours within a day, in the team's zone. `weekdays`: 0 is Monday. `holidays`: days without hours.

    Closing at 00:00 is at the end of the day: with opening at 00:00, and all weekdays, it is always open.
    """

    zone: str = "UTC"
    opens: time = time(9)
    closes: time = time(17)
    weekdays: tuple[Annotated[int, Field(ge=0, le=6)], ...] = Field(default=(0, 1, 2, 3, 4), min_length=1)
    holidays: tuple[str, ...] = ()

    @field_validator("zone")
    @classmethod
    def _zone_exists(cls, zone: str) -> str:
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(f"{zone!r} is not a time zone, such as 'Europe/Berlin'") from None
        return zone

    @field_validator("opens", "closes")
    @classmethod
    def _hours_are_local(cls, at: time) -> time:
        if at.tzinfo is not None:
            raise ValueError(f"{at.isoformat()!r} has a zone of its own; hours are in the calendar's zone")
        return at

    @field_validator("holidays")
    @classmethod
    def _holidays_are_days(cls, holidays: tuple[str, ...]) -> tuple[str, ...]:
        for day in holidays:
            # Read and written again: `20261225` is a date too, and would be equal to no day.
            if date.fromisoformat(day).isoformat() != day:
                raise ValueError(f"{day!r} is not a date such as '2026-12-25'")
        return holidays

    @model_validator(mode="after")
    def _has_hours(self) -> Self:
        if self.closes != time(0) and self.opens >= self.closes:
            raise ValueError(f"opens: {self.opens:%H:%M} is not before {self.closes:%H:%M}, when it closes")
        return self


class Limits(_Setting):
    """Blast radius: how much the machine may do by itself."""

    per_target_hour: int = Field(default=2, ge=0)
    per_hour: int = Field(default=10, ge=0)


class Floors(_Setting):
    """Confidence that an automatic action needs, by its risk. HIGH always asks, so it has none."""

    LOW: float = Field(default=0.6, ge=0, le=1)
    MEDIUM: float = Field(default=0.75, ge=0, le=1)


class Verification(_Setting):
    """How a fix is checked. Seconds. The settle time is extended to an expression's range window plus a scrape."""

    settle_s: float = Field(default=60, ge=0, le=_YEAR_S)
    samples: int = Field(default=3, ge=1, le=20)
    every_s: float = Field(default=15, gt=0, le=_YEAR_S)
    scrape_s: float = Field(default=15, ge=0, le=_YEAR_S)
    improving_rounds: int = Field(default=3, ge=0, description="how often *improving* earns another wait")


class KillConnections(_Setting):
    """Bounds of KILL_CONNECTIONS: seconds of idleness before a session may be ended, and how many at the most."""

    idle_age_s: float = Field(default=300, ge=1, le=_YEAR_S)
    cap: int = Field(default=50, ge=1, le=500)


class RollbackDeployment(_Setting):
    """Bounds of ROLLBACK_DEPLOYMENT: seconds for which a release may have run and still be taken back."""

    released_within_s: float = Field(default=3600, gt=0, le=86_400)


class Policy(_Setting):
    """What this installation allows. The defaults are those of a new installation: it looks, and does nothing."""

    max_risk_level: Risk = Risk.OBSERVE
    allow: tuple[str, ...] = Field(
        default=(), description="targets, as kind/name, or deployment/<namespace>/*; empty allows nothing"
    )
    floors: Floors = Floors()
    limits: Limits = Limits()
    escalation: EscalationTable = EscalationTable()
    calendar: Calendar = Calendar()
    verification: Verification = Verification()
    kill_connections: KillConnections = KillConnections()
    rollback_deployment: RollbackDeployment = RollbackDeployment()
    approvers: tuple[str, ...] = Field(default=(), description="who may decide; empty: nobody")
    decide_at_least_min: float = Field(
        default=2, ge=0, le=_YEAR_MIN, description="least time of a decision, however late it is asked for"
    )
    extend_min: float = Field(
        default=5, ge=0, le=240, description="by how much an approver may move a deadline, once; 0: not at all"
    )
    snooze_at_most_min: float = Field(default=240, gt=0, le=_YEAR_MIN, description="longest snooze")
    claimed_identity_up_to: Risk = Field(
        default=Risk.HIGH, description="highest risk that a door without proof of identity may decide"
    )
    gather_s: float = Field(default=20, ge=0, le=20)
    merge_within_s: float = Field(default=300, ge=0, le=_YEAR_S)
    watch_s: float = Field(default=900, ge=0, le=_YEAR_S)
    recheck_s: float = Field(
        default=60, gt=0, le=_YEAR_S, description="how often an open or a recovered incident is looked at"
    )
    give_up_h: float = Field(
        default=24, gt=0, le=_YEAR_MIN / 60, description="hours after the last sighting before *unresolved*"
    )

    @field_validator("allow")
    @classmethod
    def _a_star_names_a_whole_namespace(cls, allow: tuple[str, ...]) -> tuple[str, ...]:
        found = [said for entry in allow if (said := problem(entry)) is not None]
        if found:
            raise ValueError("; ".join(found))
        return allow

    @model_validator(mode="after")
    def _high_is_never_automatic(self) -> Self:
        if self.max_risk_level is Risk.HIGH:
            raise ValueError("max_risk_level: HIGH is never automatic; the highest level is 'MEDIUM'")
        return self
