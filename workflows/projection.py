"""The projector: keeps what others see up to date, without ever holding the incident up."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.records import RecordActivities, Save
    from domain.audit import AuditRow
    from workflows import options, search_attributes
    from workflows.describe import current_details
    from workflows.record import Record

# In a burst of changes (a storm of alerts) one write covers all of them.
AT_MOST_EVERY_S = 1.0


class Projector:
    """Writes the newest view to Postgres, to Temporal's current details and to its search attributes."""

    def __init__(self, record: Record) -> None:
        self._record = record
        self._saved = 0
        self._audited = 0

    async def run(self) -> None:
        """Forever: until the incident ends and cancels it."""
        while True:
            await workflow.wait_condition(lambda: self._record.version > self._saved)
            await self.flush()
            await workflow.sleep(AT_MOST_EVERY_S, summary="gather changes for one write")

    async def flush(self) -> None:
        """Save what has changed since the last time."""
        record = self._record
        if record.version == self._saved:
            return
        version, rows = record.version, self._rows()
        view = record.view()
        workflow.set_current_details(current_details(view))
        workflow.upsert_search_attributes(list(search_attributes.updates(view, record.opening.policy)))
        await workflow.execute_activity_method(
            RecordActivities.save, Save(view=view, audit=rows), summary=f"record: {view.state}", **options.KEEP
        )
        self._saved, self._audited = version, self._audited + len(rows)

    def _rows(self) -> tuple[AuditRow, ...]:
        return tuple(self._record.audit[self._audited :])
