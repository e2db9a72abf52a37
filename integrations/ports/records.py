"""What is kept of incidents."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from domain.advice.advice import Advised
from domain.audit import AuditRow
from domain.correlation import OpenIncident, Previous
from domain.feedback import Feedback
from domain.finding import EvidenceRef
from domain.incident import Attempt, State
from domain.listing import PAGE, Counts, Filter, Page, Place, SavedFilter
from domain.model import Model
from domain.plan import Action
from domain.services import ServiceMap
from domain.view import IncidentView


class IncidentRow(Model):
    """One incident in a list."""

    view: IncidentView
    needs: str


class IncidentStore(Protocol):
    """The projection of incidents in Postgres: for lists, pages, reports and learning."""

    def save(self, view: IncidentView) -> None:
        """Write or replace; an older view (by `updated_at`) never replaces a newer one."""
        ...

    def get(self, incident: str) -> IncidentView | None: ...

    def list(self, limit: int = 50, *, open_only: bool = False, states: Sequence[State] = ()) -> Sequence[IncidentView]:
        """Needs a person first, then SLA time left, then severity, then newest; closed ones after that."""
        ...

    def page(self, by: Filter, now: datetime, after: Place | None = None, limit: int = PAGE) -> Page:
        """In the same order, those that the filter lets through and that come after a place."""
        ...

    def counts(self, now: datetime) -> Counts:
        """How many are open, by what matters."""
        ...

    def settle(self, me: OpenIncident, graph: ServiceMap, within: timedelta) -> OpenIncident | None:
        """Under one lock for all: the incident that absorbs `me`, or None, and then others may find `me`."""
        ...

    def absorb(self, me: OpenIncident, into: str) -> OpenIncident | str:
        """Under the same lock, on a person's word: from now on `me` counts as taken over by that open incident, which
        is returned; or what is against it, in words.
        """
        ...

    def stands(self, me: OpenIncident) -> None:
        """It counts for itself again: it was not taken over after all."""
        ...

    def in_thread(self, channel: str, reference: str) -> IncidentView | None:
        """The open incident whose thread on a channel this is, by that channel's own name for it."""
        ...

    def stamps(self, incidents: Sequence[str]) -> Mapping[str, datetime]:
        """When each of them changed last, by its `updated_at`; one that is not there is left out."""
        ...

    def fingerprint(self) -> str:
        """Another one as soon as any incident is added or changes."""
        ...

    def attempts(self, action: Action, target: str, limit: int) -> Sequence[Attempt]:
        """The newest attempts of this action on this target, of all incidents."""
        ...

    def advised(self, since: datetime) -> Advised | None:
        """The newest consultation of a language model that ended after that moment, of all incidents."""
        ...

    def previous(self, key: str) -> Previous | None:
        """The last closed incident of that key."""
        ...


class AuditLog(Protocol):
    """Append-only."""

    def append(self, row: AuditRow) -> None:
        """Add a row; the same key again adds nothing."""
        ...

    def rows(self, incident: str) -> Sequence[AuditRow]: ...


class EvidenceStore(Protocol):
    """Bulk evidence, by its content's hash."""

    def put(self, content: bytes, summary: str) -> EvidenceRef: ...

    def get(self, ref: EvidenceRef) -> bytes: ...


class PostmortemStore(Protocol):
    """Postmortems: Markdown, and the facts that it was written from."""

    def save(self, incident: str, markdown: str, facts: Mapping[str, object]) -> None: ...

    def get(self, incident: str) -> tuple[str, dict[str, object]] | None: ...


class FeedbackStore(Protocol):
    """What people say of diagnoses."""

    def add(self, said: Feedback) -> None: ...

    def of(self, incident: str) -> Sequence[Feedback]:
        """By time; the last one holds."""
        ...


class FilterStore(Protocol):
    """Filters of the list that people keep."""

    def keep(self, saved: SavedFilter) -> None:
        """Under its name, in the place of what had that name."""
        ...

    def drop(self, name: str) -> None: ...

    def all(self) -> Sequence[SavedFilter]:
        """By name."""
        ...
