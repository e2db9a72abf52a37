"""One incident for a reader: from its workflow where that answers, from Postgres where it does not, said in words."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from domain.audit import AuditRow
from domain.listing import PAGE, Counts, Filter, Place, counted, wanted
from domain.view import IncidentView
from integrations.ports import AuditLog, IncidentStore, PortError
from starter.away import TemporalAway
from starter.live import LiveIncidents
from starter.words import absolute, relative


class NothingAnswers(Exception):
    """Neither Temporal nor Postgres can be read; the text says what each of them said."""


@dataclass(frozen=True)
class Shown:
    """An incident as it can be shown now. `banners` say what is older or less than it should be."""

    view: IncidentView
    banners: tuple[str, ...] = ()
    can_decide: bool = True
    audit: Sequence[AuditRow] | None = None


@dataclass(frozen=True)
class Listed:
    """A stretch of the list, and what is wrong with it. `after` is where the next one begins, None: there is none."""

    views: Sequence[IncidentView]
    banners: tuple[str, ...] = ()
    counts: Counts = field(default_factory=Counts)
    after: Place | None = None


class Reader:
    """Reads both places. It remembers since when one of them has been away."""

    def __init__(self, live: LiveIncidents, incidents: IncidentStore, audit: AuditLog) -> None:
        self._live = live
        self._incidents = incidents
        self._audit = audit
        self._temporal_away_since: datetime | None = None
        self._store_away_since: datetime | None = None

    async def one(self, name: str) -> Shown | None:
        """The incident of this id, or the newest of this key; None: nobody knows it. Raises NothingAnswers."""
        incident = name.upper() if name.upper().startswith("INC-") else name
        try:
            stored = await asyncio.to_thread(self._incidents.get, incident)
            rows = await asyncio.to_thread(self._audit.rows, incident)
            self._store_away_since = None
        except PortError as error:
            return await self._without_store(incident, error)
        if stored is not None and stored.state.closed:
            return Shown(view=stored, audit=rows)
        return await self._fresher(incident, stored, rows)

    async def many(self, by: Filter, after: Place | None = None, limit: int = PAGE) -> Listed:
        """Incidents that fit, those that need a person first. Raises NothingAnswers."""
        now = datetime.now(UTC)
        try:
            page = await asyncio.to_thread(self._incidents.page, by, now, after, limit)
            counts = await asyncio.to_thread(self._incidents.counts, now)
            self._store_away_since = None
        except PortError as error:
            return await self._many_without_store(by, limit, error)
        return Listed(page.views, counts=counts, after=page.after)

    async def _fresher(self, incident: str, stored: IncidentView | None, rows: Sequence[AuditRow]) -> Shown | None:
        """The workflow's own view; it is newer than the projection, and before that it is all there is."""
        try:
            live = await (self._live.view(stored.key) if stored else self._by_name(incident))
            self._temporal_away_since = None
        except TemporalAway as away:
            since = self._temporal_away_since = self._temporal_away_since or datetime.now(UTC)
            if stored is None:
                raise NothingAnswers(f"Postgres does not know it, and {away}") from away
            return Shown(stored, (_without_temporal(stored, away, since),), can_decide=False, audit=rows)
        if stored is None:
            return None if live is None else Shown(live, audit=rows)
        same = live is not None and live.incident == stored.incident and live.updated_at >= stored.updated_at
        return Shown(live if same and live else stored, audit=rows)

    async def _without_store(self, incident: str, error: PortError) -> Shown | None:
        since = self._store_away_since = self._store_away_since or datetime.now(UTC)
        try:
            live = await self._by_name(incident)
        except TemporalAway as away:
            raise NothingAnswers(f"{error}; {away}") from error
        return None if live is None else Shown(live, (_without_postgres(error, since),))

    async def _many_without_store(self, by: Filter, limit: int, error: PortError) -> Listed:
        since = self._store_away_since = self._store_away_since or datetime.now(UTC)
        try:
            views = await self._live.newest(limit)
        except TemporalAway as away:
            raise NothingAnswers(f"{error}; {away}") from error
        banner = f"{_without_postgres(error, since)} The list holds only what Temporal remembers."
        now = datetime.now(UTC)
        fitting = sorted((v for v in views if wanted(v, by, now)), key=lambda v: Place.of(v).order)
        return Listed(fitting, (banner,), counted(views, now))

    async def _by_name(self, name: str) -> IncidentView | None:
        return await (self._live.find(name) if name.startswith("INC-") else self._live.view(name))


def _without_temporal(stored: IncidentView, away: TemporalAway, since: datetime) -> str:
    now = datetime.now(UTC)
    return (
        f"Read-only: {away} (since {absolute(since, now)}). "
        f"This is what Postgres knew {relative(stored.updated_at, now)}. Decisions cannot be recorded. "
        "Running actions continue when it is back."
    )


def _without_postgres(error: PortError, since: datetime) -> str:
    now = datetime.now(UTC)
    return f"Postgres does not answer (since {absolute(since, now)}): {error}. Audit and postmortem are unavailable."
