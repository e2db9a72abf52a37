"""Going on in a new run: an incident that lasts must not outgrow what Temporal keeps of one run (51,200 events, 50 MB).

It happens only where nothing is under way: while it waits for people, or watches that it holds.
"""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from domain.timeline import Kind
    from workflows import search_attributes
    from workflows.carrying import carried
    from workflows.clock import EscalationClock
    from workflows.herald import Herald
    from workflows.projection import Projector
    from workflows.record import Record

# Temporal suggests it at 4,096 events or 4 MB, where it suggests anything; these are ours, well below its limits.
_EVENTS = 10_000
_BYTES = 10_000_000
# From this many times its measure on, a history goes on without waiting for a store that is away.
_URGENT = 3


class Handover:
    """Knows when a run has become long, and when nothing would be lost by ending it."""

    def __init__(self, record: Record, clock: EscalationClock, herald: Herald, projector: Projector) -> None:
        self._record = record
        self._clock = clock
        self._herald = herald
        self._projector = projector
        self._too_large = False

    @property
    def ready(self) -> bool:
        """Is it time, and is all that was begun done? Cheap, and looked at whenever anything happens."""
        return self._due(1) and not self._too_large and self._calm()

    async def go(self) -> None:
        """End this run and go on in the next. Returns for a record that does not fit, which is said once."""
        await self._herald.quiet()
        await self._clock.quiet()  # nothing is under way; what went wrong with a message is raised
        opening = carried(self._record)
        if opening is None:
            self._too_large = True
            said = "this run goes on: its record is too large to be handed to a new one"
            self._record.note(workflow.now(), Kind.NOTE, "nightshift", said)
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
        return saved and self._clock.silent and self._herald.silent and workflow.all_handlers_finished()
