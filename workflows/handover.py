"""Going on in a new run: an incident that lasts must not outgrow what Temporal keeps of one run (51,200 events, 50 MB).

It happens only where nothing is under way: while it waits for people, or watches that it holds.
"""

from datetime import datetime, timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from domain.timeline import Kind
    from workflows import search_attributes
    from workflows.carrying import carried
    from workflows.clock import EscalationClock
    from workflows.herald import Herald
    from workflows.projection import Projector
    from workflows.record import Record
    from workflows.timers import happens

# Temporal suggests it at 4,096 events or 4 MB, where it suggests anything; these are ours, well below its limits.
_EVENTS = 10_000
_BYTES = 10_000_000
# From this many times its measure on, a history goes on without waiting for a store that is away.
_URGENT = 3
# A record that was too large may have become smaller; to measure it takes some time each time.
_TRY_AGAIN = timedelta(hours=1)
_CALM_WITHIN = timedelta(minutes=1)


class Handover:
    """Knows when a run has become long, and when nothing would be lost by ending it."""

    def __init__(self, record: Record, clock: EscalationClock, herald: Herald, projector: Projector) -> None:
        self._record = record
        self._clock = clock
        self._herald = herald
        self._projector = projector
        self._not_before: datetime | None = None

    @property
    def ready(self) -> bool:
        """Is it time, and is all that was begun done? Cheap, and looked at whenever anything happens."""
        return self._due(1) and self._may_fit and self._calm()

    async def before_more(self) -> None:
        """Where this run has become long, go on in the next one before more work is begun: an incident that has news
        all the time would never come to rest. What is not saved by then, the next run saves.
        """
        if self._record.over or not self._due(1) or not self._may_fit:
            return
        calm = await happens(lambda: self._silent or self._record.over, _CALM_WITHIN, "end what is under way")
        if calm and not self._record.over:
            await self.go()

    async def go(self) -> None:
        """End this run and go on in the next. Returns for a record that does not fit, which is said once."""
        await self._herald.quiet()
        await self._clock.quiet()  # nothing is under way; what went wrong with a message is raised
        opening = carried(self._record)
        if opening is None:
            if self._not_before is None:
                said = "this run goes on: its record is too large to be handed to a new one"
                self._record.note(workflow.now(), Kind.NOTE, "nightshift", said)
            self._not_before = workflow.now() + _TRY_AGAIN
            return
        attributes = search_attributes.held(self._record.view(), self._record.opening.policy)
        workflow.continue_as_new(opening, search_attributes=attributes)

    def _due(self, times: int) -> bool:
        """Is the history `times` as long as it should be?"""
        info, limit = workflow.info(), self._record.opening.events_per_run
        events = info.get_current_history_length()
        if limit is not None:
            return events >= times * limit
        if times == 1 and info.is_continue_as_new_suggested():
            return True
        return events >= times * _EVENTS or info.get_current_history_size() >= times * _BYTES

    def _calm(self) -> bool:
        saved = self._projector.up_to_date or self._due(_URGENT)
        return saved and self._silent

    @property
    def _silent(self) -> bool:
        """Is nothing under way that the next run would not know of?"""
        return self._clock.silent and self._herald.silent and workflow.all_handlers_finished()

    @property
    def _may_fit(self) -> bool:
        return self._not_before is None or workflow.now() >= self._not_before
