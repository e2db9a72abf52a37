"""The forests of groups, made of the rows that are kept for the services in them: Prometheus is not asked again."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from activities.training.keeping import kept_or_put_off
from analysis.forest.grouping import together
from analysis.forest.sealing import Matrix, Refused, opened, versions
from domain.forecast import again_at
from domain.forest import Forest, group_of
from domain.services import ServiceMap
from integrations.ports import ForestStore

Kept = Literal["groups", "groups_not_ready"]


class Groups:
    """A group is a service with all that it depends on. `queries`: those that each service is trained by."""

    def __init__(
        self, store: ForestStore, services: ServiceMap, queries: Mapping[str, tuple[str, ...]], now: datetime
    ) -> None:
        self._store = store
        self._services = services
        self._queries = queries
        self._now = now

    def heads(self) -> list[str]:
        """The services that depend on any."""
        return [service.name for service in self._services.services if service.depends_on]

    def keep(self, head: str) -> Kept | None:
        """Keep the group of this service; None: it is not due. Raises PortError."""
        names = (head, *self._services.callees(head))
        queries = tuple(query for name in names for query in self._queries.get(name, ()))
        known = self._store.load(group_of(head))
        if known is not None and known.fresh(queries, versions(), self._now):
            return None
        members = {name: self._store.load(name) for name in names}
        found = together([(name, self._rows(member)) for name, member in members.items()])
        empty = Forest(
            service=group_of(head), versions=versions(), queries=queries, trained_at=self._now,
            again_at=self._again_at(members),
        )  # fmt: skip
        old = known if known is not None and known.ready and known.queries == queries else None
        return "groups" if kept_or_put_off(self._store, found, empty, old, self._now) else "groups_not_ready"

    def _rows(self, member: Forest | None) -> Matrix | str:
        """Its rows, or why there are none."""
        if member is None or not member.ready:
            return "it has no forest" if member is None else f"not ready: {member.reason}"
        if member.stale(self._now):
            return "its forest is too old"
        found = opened(member)
        return found.reason if isinstance(found, Refused) else found

    def _again_at(self, members: Mapping[str, Forest | None]) -> datetime:
        """With the first of its services, which was trained in the same round before; soon where one has no forest."""
        soon = again_at(self._now, None)
        return min(soon if one is None or not one.ready else one.again_at for one in members.values())
