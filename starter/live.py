"""Incidents as their workflows know them: asked by query, which is newer than the projection in Postgres."""

from typing import Protocol

from pydantic import ValidationError
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client, WorkflowQueryFailedError
from temporalio.service import RPCError

from domain.model import read
from domain.view import IncidentView
from starter.away import TemporalAway, answered
from workflows.search_attributes import INCIDENT

WORKFLOW = "IncidentWorkflow"
_LIMIT_S = 3.0
_LIST_LIMIT_S = 5.0
_LONGEST_ID = 60
# An incident that lasts goes on in new runs: only the last one of each is it.
_NEWEST_RUNS = "ExecutionStatus != 'ContinuedAsNew'"


class LiveIncidents(Protocol):
    """What pages and the command line ask of running incidents. Raises TemporalAway."""

    async def view(self, key: str) -> IncidentView | None:
        """The newest incident under a key, None when there never was one."""
        ...

    async def find(self, incident: str) -> IncidentView | None:
        """An incident by the id that people see, None when Temporal does not know it."""
        ...

    async def newest(self, limit: int) -> tuple[IncidentView, ...]:
        """The newest incidents, as far as a worker answers for them."""
        ...

    async def ping(self) -> None:
        """Does Temporal answer, and know our namespace?"""
        ...


class TemporalIncidents:
    """LiveIncidents through a Temporal client."""

    def __init__(self, client: Client, limit_s: float = _LIMIT_S) -> None:
        self._client = client
        self._limit_s = limit_s

    async def view(self, key: str) -> IncidentView | None:
        return await self._ask(key, None)

    async def find(self, incident: str) -> IncidentView | None:
        if not _is_id(incident):
            return None
        runs = await self._runs(f"{INCIDENT.name}='{incident}' AND {_NEWEST_RUNS}", 1)
        return await self._ask(*runs[0]) if runs else None

    async def newest(self, limit: int) -> tuple[IncidentView, ...]:
        views = [
            await self._ask(key, run)
            for key, run in await self._runs(f"WorkflowType='{WORKFLOW}' AND {_NEWEST_RUNS}", limit)
        ]
        return tuple(view for view in views if view is not None)

    async def ping(self) -> None:
        request = DescribeNamespaceRequest(namespace=self._client.namespace)
        try:
            async with answered(self._limit_s):
                await self._client.workflow_service.describe_namespace(request)
        except RPCError as error:
            raise TemporalAway(f"Temporal: {error}") from error

    async def _ask(self, key: str, run: str | None) -> IncidentView | None:
        try:
            async with answered(self._limit_s):
                handle = self._client.get_workflow_handle(key, run_id=run)
                return read(IncidentView, await handle.query("view", result_type=dict[str, object]))
        except WorkflowQueryFailedError as error:
            raise TemporalAway(f"the incident's workflow did not answer: {error}") from error
        except ValidationError as error:
            where = ".".join(map(str, error.errors()[0]["loc"]))
            raise TemporalAway(f"another build answers, whose {where} this one cannot read: replace it too") from error
        except RPCError:  # NOT_FOUND: everything else is TemporalAway already
            return None

    async def _runs(self, query: str, limit: int) -> list[tuple[str, str]]:
        async with answered(_LIST_LIMIT_S):
            return [(run.id, run.run_id) async for run in self._client.list_workflows(query, limit=limit)]


def _is_id(text: str) -> bool:
    """Only what an id is made of goes into a query."""
    return 0 < len(text) <= _LONGEST_ID and all(c.isalnum() or c == "-" for c in text)
