"""Reservations of targets, and people's stops: from them the controls of a moment are computed. Pure."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Literal, Self

from pydantic import AwareDatetime, model_validator

from domain.gate import Circumstances, Controls, GateVerdict
from domain.model import Model
from domain.plan import Plan

LIMIT_WINDOW = timedelta(hours=1)
"""The stretch that the policy's limits count in."""
LEFT_BEHIND_AFTER = timedelta(minutes=10)
"""Beyond its plan's timeout an attempt counts as ended after this long: its process has crashed and never came back.

It covers the wait for verification (five minutes of range window, three rounds of samples) with room to spare.
"""


class Reservation(Model):
    """One attempt that the gate let run. `approved`: a person decided it, so it counts against no limit."""

    incident: str
    attempt: int
    digest: str
    target: str
    approved: bool
    verdict: GateVerdict
    began_at: AwareDatetime
    expires_at: AwareDatetime
    ended_at: AwareDatetime | None = None

    def live(self, now: datetime) -> bool:
        """Does it still hold its target?"""
        return self.ended_at is None and now < self.expires_at

    def of(self, plan: Plan) -> bool:
        """Is it this very plan's?"""
        return (self.incident, self.attempt, self.digest) == (plan.incident, plan.attempt, plan.digest)


class Stop(Model):
    """A person's word that automation shall pause, or freeze (automatic actions only).

    `until` None: until resumed, for a pause; a freeze always has an end.
    """

    kind: Literal["pause", "freeze"]
    who: str
    reason: str
    at: AwareDatetime
    until: AwareDatetime | None = None

    @model_validator(mode="after")
    def _a_freeze_ends(self) -> Self:
        if self.kind == "freeze" and self.until is None:
            raise ValueError("until: a freeze has an end; what has none is a pause")
        return self

    def holds(self, now: datetime) -> bool:
        return self.until is None or now < self.until


def reserve(plan: Plan, verdict: GateVerdict, circumstances: Circumstances) -> Reservation:
    """The reservation of a plan that the gate has just let run."""
    now = circumstances.now
    return Reservation(
        incident=plan.incident, attempt=plan.attempt, digest=plan.digest, target=plan.target,
        approved=circumstances.approved, verdict=verdict, began_at=now, expires_at=lapses_at(plan, now),
    )  # fmt: skip


def in_force(stops: Iterable[Stop], now: datetime) -> Stop | None:
    """Of the stops of one kind that nobody lifted, in their order: the one that holds longest, None when none holds.

    A person's newer word replaces their older one, so who made it too long can make it shorter. It never ends what
    another person has asked for.
    """
    newest = {stop.who: stop for stop in stops}
    holding = [stop for stop in newest.values() if stop.holds(now)]
    return max(holding, key=lambda stop: (stop.until is None, stop.until or stop.at), default=None)


def lapses_at(plan: Plan, now: datetime) -> datetime:
    """Until when a plan that begins, or tries again, now holds its target without another word."""
    return now + timedelta(seconds=plan.timeout_s) + LEFT_BEHIND_AFTER


def controls_at(
    target: str, now: datetime, reservations: Iterable[Reservation], pause: Stop | None, freeze: Stop | None,
) -> Controls:  # fmt: skip
    """What holds for a target at a moment. `pause` and `freeze` are those in force of their kind."""
    all_of_them = tuple(reservations)
    recent = [r for r in all_of_them if not r.approved and now - r.began_at < LIMIT_WINDOW]
    holder = next((r for r in all_of_them if r.target == target and r.live(now)), None)
    paused = pause if pause is not None and pause.holds(now) else None
    frozen = freeze if freeze is not None and freeze.holds(now) else None
    return Controls(
        paused=paused is not None,
        pause_reason=f"{paused.reason} ({paused.who})" if paused else "",
        frozen_until=frozen.until if frozen else None,
        actions_on_target=sum(r.target == target for r in recent),
        actions_in_all=len(recent),
        busy=holder.incident if holder else None,
    )
