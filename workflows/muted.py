"""What is muted is held here: it opens nothing until what mutes it ends, and then it is judged again.

Nobody else would do so: Alertmanager repeats an alert after hours, and our own detection tells of an anomaly once.
"""

import asyncio
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from pydantic import ValidationError
from temporalio import workflow
from temporalio.exceptions import ActivityError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from activities.muting import Again, HandOver, MutingActivities, Rows
    from domain.anomaly import Anomaly, latest
    from domain.fitting import fitting, size_of
    from domain.holding import Became, Held, MutedRow, judged_again_at, row_of
    from domain.unopened import why_unopened
    from workflows import options
    from workflows.contract import Muted
    from workflows.timers import happens

ROOM = 1_000_000
"""Bytes of what is held, some thousand alerts: all of it goes on into a new run, as one payload. What is more than that
is not held back at all.
"""
_WRITE_AGAIN = timedelta(minutes=1)
_WITH_ITS_SIGNAL = timedelta(minutes=1)
_ROWS, _ROWS_BYTES = 500, 500_000
_EVENTS, _BYTES = 10_000, 15_000_000
"""A history this long goes on in a new run though its record is not written: Temporal ends one of 51,200 events."""
_Episode = tuple[str, str, datetime]


@workflow.defn
class MutedWorkflow:
    """Holds back what belongs to one incident's key while it is muted; ends when it holds nothing."""

    @workflow.init
    def __init__(self, muted: Muted) -> None:
        self._key = workflow.info().workflow_id
        self._held = {one.anomaly.series: one for one in muted.held}
        self._room = ROOM - sum(size_of(one) for one in muted.held)
        self._rows = {_episode(row): row for row in muted.rows}
        self._write_at = self._looked_at = workflow.now()
        self._passing: dict[str, Held] = {}
        """What goes to its incidents whatever mutes it, and the ends of what has gone there."""
        self._judging: frozenset[str] = frozenset()
        self._handing: frozenset[str] = frozenset()
        self._asked = False
        self._news = 0
        for one in muted.held:  # the run before may not have got to write it down
            self._note(one, Became.HELD)

    @workflow.run
    async def run(self, muted: Muted) -> None:
        """Wait, judge, and hand over, until nothing is held. Whoever cancels it in Temporal ends the holding back, and
        nothing is lost.
        """
        try:
            if not (muted.held or muted.rows):  # the signal that starts it is on its way
                await happens(lambda: self._news > 0, _WITH_ITS_SIGNAL, "what it was started for")
            await self._hold_back()
        except (asyncio.CancelledError, ActivityError):
            if workflow.cancellation_reason() is not None:  # else this worker only forgets a run that goes on
                await self._hold_back()
            raise

    async def _hold_back(self) -> None:
        while self._held or self._passing or self._rows:
            now = workflow.now()
            if self._held and workflow.cancellation_reason() is not None:
                self._let_go()
            elif self._passing:
                await self._pass_on()
            elif self._held and (self._asked or now >= self._judged_again_at):
                await self._judge_again(now)
            elif self._rows and now >= self._write_at:
                await self._write(now)
            elif self._is_long():
                self._go_on()
            else:
                await self._wait(now)

    @property
    def _judged_again_at(self) -> datetime:
        return judged_again_at(self._held.values(), self._looked_at)

    def _is_long(self) -> bool:
        """Without waiting for a record that cannot be written, where it is too long for that."""
        info = workflow.info()
        if info.get_current_history_length() > _EVENTS or info.get_current_history_size() > _BYTES:
            return True
        return info.is_continue_as_new_suggested() and not self._rows

    def _go_on(self) -> None:
        """In a new run, which notes again what is held."""
        gone = (row for row in self._rows.values() if row.became is not Became.HELD)
        workflow.continue_as_new(Muted(held=tuple(self._held.values()), rows=fitting(gone, _ROWS_BYTES, _ROWS)))

    async def _wait(self, now: datetime) -> None:
        """Until something is due. News ends the wait, since it may be due sooner."""
        due = [self._judged_again_at] if self._held else []
        due += [self._write_at] if self._rows else []
        seen = self._news
        await happens(lambda: self._news != seen, max(min(due) - now, timedelta(0)), "judge again what is muted")

    async def _judge_again(self, now: datetime) -> None:
        given, self._asked = dict(self._held), False
        self._judging = frozenset(given)
        still = await workflow.execute_activity_method(
            MutingActivities.again, Again(held=tuple(given.values()), at=now),
            summary="does it fire on, and is it muted still?", **options.REOPEN,
        )  # fmt: skip
        self._judging, self._looked_at = frozenset(), now
        muted = {one.anomaly.series: one.by for one in still.held}
        for series, one in given.items():
            known = self._held.get(series)
            if series not in muted:
                self._note(one, Became.OPENED)
                if known is not None and known.anomaly.starts_at == one.anomaly.starts_at:
                    self._drop(series)
            elif known is not None and known.by == one.by != muted[series]:
                self._keep_or_pass(known.model_copy(update={"by": muted[series]}))

    def _let_go(self) -> None:
        """Nobody will judge it again: it goes to its incidents, as where nothing muted it any more."""
        for one in tuple(self._held.values()):
            self._drop(one.anomaly.series)
            self._passing[one.anomaly.series] = one
            self._note(one, Became.OPENED)

    async def _pass_on(self) -> None:
        """As much as one payload takes, and then the rest."""
        passing = fitting(self._passing.values(), _ROWS_BYTES, _ROWS)
        self._handing = frozenset(one.anomaly.series for one in passing)
        told = HandOver(anomalies=tuple(one.anomaly for one in passing))
        await workflow.execute_activity_method(
            MutingActivities.hand_over, told, summary="to its incident", **options.REOPEN
        )
        self._handing = frozenset()
        for one in passing:
            if self._passing.get(one.anomaly.series) is one:
                del self._passing[one.anomaly.series]

    async def _write(self, now: datetime) -> None:
        """The record may be late, and nothing waits for it: judging again must not depend on PostgreSQL."""
        rows = fitting(self._rows.values(), _ROWS_BYTES, _ROWS)
        try:
            await workflow.execute_activity_method(
                MutingActivities.record, Rows(rows=rows), summary="write down what is muted", **options.ASK
            )
        except ActivityError as error:
            if is_cancelled_exception(error):
                raise
            self._write_at = now + _WRITE_AGAIN
            return
        for row in rows:
            if self._rows.get(_episode(row)) is row:
                del self._rows[_episode(row)]

    # Handlers take any number of arguments and raise on none, as those of an incident (workflows.doors).

    @workflow.signal(description="what is muted and fires, and what is over")
    def told(self, *data: Any) -> None:  # noqa: ANN401 - untrusted
        """Sightings, in whatever order they come."""
        read = _read(data)
        if read is None:
            return
        self._news += 1
        for one in read.held:
            self._take(one)
        for anomaly in read.over:
            self._end(anomaly)

    @workflow.signal(description="what mutes it has changed: judge it again now")
    def judge(self, *data: Any) -> None:  # noqa: ANN401, ARG002 - untrusted, and not needed
        """A window was ended before its time."""
        self._news, self._asked = self._news + 1, True

    def _take(self, told: Held) -> None:
        known = self._held.get(told.anomaly.series)
        if known is not None and latest(known.anomaly, told.anomaly) is known.anomaly:
            return
        same = known is not None and known.anomaly.starts_at == told.anomaly.starts_at
        self._keep_or_pass(told.model_copy(update={"since": known.since}) if known is not None and same else told)

    def _end(self, anomaly: Anomaly) -> None:
        series = anomaly.series
        known, waiting = self._held.get(series), self._passing.get(series)
        ends = known or waiting
        if ends is None or anomaly.firing or not ends.anomaly.firing:
            return
        if latest(ends.anomaly, anomaly) is ends.anomaly:
            return
        self._drop(series)
        if series not in self._handing:
            self._note(ends, Became.RESOLVED)
        told = waiting is not None and not waiting.anomaly.firing
        if told or series in self._judging | self._handing:
            # It may be on its way to an incident that was not open yet when it was told that this is over.
            self._passing[series] = ends.model_copy(update={"anomaly": anomaly})
        else:
            self._passing.pop(series, None)

    def _keep_or_pass(self, one: Held) -> None:
        """In the place of what is known of its series; what has grown may have no room any more."""
        known = self._held.get(one.anomaly.series)
        self._drop(one.anomaly.series)
        fits = size_of(one) <= self._room
        if fits:
            self._held[one.anomaly.series] = one
            self._room -= size_of(one)
        else:
            self._passing[one.anomaly.series] = one
        if fits and known is not None and (known.by, known.anomaly.starts_at) == (one.by, one.anomaly.starts_at):
            return  # the same, seen again, is no news
        if known is not None and known.anomaly.starts_at != one.anomaly.starts_at:
            self._note(known, Became.RESOLVED)
        elif known is not None and known.by.window != one.by.window:
            self._note(known, Became.MUTED_ON)
        self._note(one, Became.HELD if fits else Became.OPENED)

    def _drop(self, series: str) -> None:
        gone = self._held.pop(series, None)
        self._room += size_of(gone) if gone is not None else 0

    def _note(self, one: Held, became: Became) -> None:
        row = row_of(one, self._key, became, workflow.now())
        self._rows[_episode(row)] = row


def _episode(row: MutedRow) -> _Episode:
    return row.window, row.series, row.starts_at


def _read(data: Iterable[Any]) -> Muted | None:
    """None: nothing that we said. There is nobody to answer: no person sends this."""
    for raw in data:
        why = why_unopened(raw)
        try:
            return Muted.model_validate(raw)
        except ValidationError as error:
            workflow.logger.warning("a signal could not be read: %s", why or error.errors(include_input=False)[0])
    return None
