"""What people do to our incidents in other systems, told to the incident itself."""

from typing import Protocol

from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from starter.away import LIMIT_S, TemporalAway, answered
from workflows.contract import Synchronise
from workflows.search_attributes import INCIDENT


class Synchroniser(Protocol):
    """Where words of other systems about our own incidents go. Raises TemporalAway."""

    async def tell(self, incident: str, word: Synchronise) -> bool:
        """Returns when it is stored; False: there is no open incident of that id. Saying it again is harmless."""
        ...


class TemporalSynchroniser:
    """Synchroniser by signal: durable before it is answered, whether a worker is there or not."""

    def __init__(self, temporal: Client, limit_s: float = LIMIT_S) -> None:
        self._temporal = temporal
        self._limit_s = limit_s

    async def tell(self, incident: str, word: Synchronise) -> bool:
        # Only what an id is made of goes into a query: `incident` was matched against its form.
        query = f"{INCIDENT.name}='{incident}' AND ExecutionStatus='Running'"
        try:
            async with answered(self._limit_s):
                async for run in self._temporal.list_workflows(query, limit=1):
                    await self._temporal.get_workflow_handle(run.id, run_id=run.run_id).signal("synchronise", word)
                    return True
        except RPCError as error:
            # A namespace that is not there (yet) is NOT_FOUND as well, and no reason to lose news.
            if error.status is RPCStatusCode.NOT_FOUND and "namespace" not in str(error).lower():
                return False
            raise TemporalAway(f"Temporal: {error}") from error
        return False
