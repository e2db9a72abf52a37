"""The projector: keeps what others see up to date, without ever holding the incident up."""

from datetime import datetime, timedelta
from typing import Any

from temporalio import workflow
from temporalio.common import SearchAttributeUpdate
from temporalio.exceptions import ActivityError

with workflow.unsafe.imports_passed_through():
    from activities.records import RecordActivities, Save
    from domain.finding import Finding
    from domain.fitting import fitting
    from domain.timeline import Kind
    from domain.view import IncidentView
    from workflows import options, search_attributes
    from workflows.calls import reason
    from workflows.describe import current_details
    from workflows.record import Record

# In a burst of changes (a storm of alerts) one write covers all of them.
AT_MOST_EVERY_S = 1.0
_AUDIT_BYTES = 300_000
_SIGHTINGS_EVERY = timedelta(minutes=1)


class Projector:
    """Writes the newest view to Postgres, to Temporal's current details and to its search attributes."""

    def __init__(self, record: Record) -> None:
        self._record = record
        self._saved = -1  # a new run has a page, an address and details of its own to show
        self._saved_at: datetime | None = None
        self._view: IncidentView | None = None
        self._attributes: list[SearchAttributeUpdate[Any]] = []
        self._findings: tuple[Finding, ...] = ()
        self._refused = False

    @property
    def up_to_date(self) -> bool:
        """Is everything saved that is known?"""
        return self._saved == self._record.version

    async def run(self) -> None:
        """Forever: until the incident ends and cancels it."""
        while True:
            await workflow.wait_condition(lambda: not self.up_to_date)
            if await self._save():
                await workflow.sleep(AT_MOST_EVERY_S, summary="gather changes for one write")

    async def _save(self) -> bool:
        """Save what has changed since the last time; False: nothing has. A store that is away is waited for; what it
        refuses is said.
        """
        record = self._record
        version, view = record.version, record.view()
        rows = fitting(record.audit, _AUDIT_BYTES, len(record.audit))
        if not rows and self._shown_already(view):
            self._saved = version
            return False
        same = view.findings == self._findings
        what = Save(view=view.model_copy(update={"findings": ()}) if same else view, audit=rows, same_findings=same)
        workflow.set_current_details(current_details(view))
        self._upsert(view)
        try:
            await workflow.execute_activity_method(
                RecordActivities.save, what, summary=f"record: {view.state}", **options.KEEP
            )
        except ActivityError as error:
            self._note_refusal(reason(error))
        else:
            self._findings = view.findings
        del record.audit[: len(rows)]
        self._saved_at = workflow.now()
        self._saved, self._view = (-1 if record.audit else version), view  # what did not fit goes with the next one
        return True

    def _shown_already(self, view: IncidentView) -> bool:
        """Would others see anything new? Each write is a payload that history keeps. That what is known was told again
        is worth one a minute: a sighting that comes sooner is shown with the next change, or the next sighting.
        """
        if self._view is None:
            return False
        if self._saved_at is None or workflow.now() >= self._saved_at + _SIGHTINGS_EVERY:
            return self._view.model_copy(update={"updated_at": view.updated_at}) == view
        return _without_sightings(self._view) == _without_sightings(view)

    def _upsert(self, view: IncidentView) -> None:
        """Each upsert is an event, so only what has changed."""
        now = list(search_attributes.updates(view, self._record.opening.policy))
        changed = [update for update in now if update not in self._attributes]
        if changed:
            workflow.upsert_search_attributes(changed)  # pyright: ignore[reportUnknownMemberType] - the SDK leaves it open
        self._attributes = now

    def _note_refusal(self, why: str) -> None:
        """Once: each note is a change, which would be refused again."""
        if not self._refused:
            self._refused = True
            self._record.note(workflow.now(), Kind.NOTE, "records", f"the store refused the record: {why}")


def _without_sightings(view: IncidentView) -> IncidentView:
    """All but how often, and when last, its alerts were seen."""
    seen = tuple(a.model_copy(update={"seen_at": a.starts_at}) for a in view.anomalies)
    return view.model_copy(update={"updated_at": view.opened_at, "sightings": 0, "anomalies": seen})
