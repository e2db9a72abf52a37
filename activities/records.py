"""Records: the incident as others see it, in Postgres. Every write may be repeated."""

from datetime import timedelta

from temporalio import activity

from activities.errors import retry_only_what_helps
from domain.audit import AuditRow
from domain.correlation import OpenIncident, Previous
from domain.model import Model
from domain.services import ServiceMap
from domain.view import IncidentView
from integrations.ports import AuditLog, IncidentStore


class Save(Model):
    """A view, and the audit rows since the last one.

    `same_findings`: the view comes without its findings, because they are those of the last one; they are most of its
    size, and an incident that waits for days is saved often.
    """

    view: IncidentView
    audit: tuple[AuditRow, ...] = ()
    same_findings: bool = False


class Settle(Model):
    """An incident that asks which other one covers it."""

    me: OpenIncident
    graph: ServiceMap
    within_s: float


class Absorb(Model):
    """An incident that a person wants merged into another one, by its id."""

    me: OpenIncident
    into: str


class Absorbed(Model):
    """The incident that takes it over; None: what is against it."""

    into: OpenIncident | None = None
    objection: str = ""


class RecordActivities:
    """The projection, the audit log, and the question whether another incident covers this one."""

    def __init__(self, incidents: IncidentStore, audit: AuditLog) -> None:
        self._incidents = incidents
        self._audit = audit

    @activity.defn
    @retry_only_what_helps
    def save(self, what: Save) -> None:
        """Audit rows first: the view may show nothing that is not in the log."""
        for row in what.audit:
            self._audit.append(row)
        self._incidents.save(self._whole(what))

    def _whole(self, what: Save) -> IncidentView:
        known = self._incidents.get(what.view.incident) if what.same_findings else None
        return what.view.model_copy(update={"findings": known.findings}) if known else what.view

    @activity.defn
    @retry_only_what_helps
    def settle(self, asked: Settle) -> OpenIncident | None:
        """The incident that absorbs this one, None when it stands for itself."""
        return self._incidents.settle(asked.me, asked.graph, timedelta(seconds=asked.within_s))

    @activity.defn
    @retry_only_what_helps
    def absorb(self, asked: Absorb) -> Absorbed:
        """The incident that takes this one over on a person's word, or why none does."""
        found = self._incidents.absorb(asked.me, asked.into)
        return Absorbed(objection=found) if isinstance(found, str) else Absorbed(into=found)

    @activity.defn
    @retry_only_what_helps
    def stands(self, me: OpenIncident) -> None:
        """It was not taken over after all."""
        self._incidents.stands(me)

    @activity.defn
    @retry_only_what_helps
    def previous(self, key: str) -> Previous | None:
        """The last closed incident of the key. One that was merged counts as its survivor once that has ended too."""
        found = self._incidents.previous(key)
        if found is None or found.merged_into is None:
            return found
        survivor = self._incidents.get(found.merged_into)
        return (survivor.as_previous if survivor else None) or found
