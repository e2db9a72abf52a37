"""Where alerts of a merged incident belong: to the incident that took it over, for as long as that one is open."""

from temporalio.client import Client, WorkflowExecutionDescription, WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode

from workflows.contract import Summary
from workflows.search_attributes import INCIDENT

# A survivor may have been merged itself; longer chains than this do not come about within one trouble.
_LONGEST_CHAIN = 5


async def key_in_charge(temporal: Client, key: str) -> str:
    """The workflow id that an alert of this key goes to now: its own, or the open survivor's.

    Asked of Temporal, not of Postgres: taking alerts in must not depend on the projection. Raises RPCError.
    """
    asked = key
    for _ in range(_LONGEST_CHAIN):
        found = await _last_run(temporal, asked)
        if found is None or found.status is not WorkflowExecutionStatus.COMPLETED:
            break
        ended = await temporal.get_workflow_handle(asked, run_id=found.run_id, result_type=Summary).result()
        if ended.merged_key is None:
            break
        asked = ended.merged_key
        survivor = await _last_run(temporal, asked)
        if survivor is not None and _is_open(survivor, ended.merged_into):
            return asked
    return key


def _is_open(run: WorkflowExecutionDescription, incident: str | None) -> bool:
    """Is it still that incident, and not a later one under the same key?"""
    running = run.status is WorkflowExecutionStatus.RUNNING
    return running and run.typed_search_attributes.get(INCIDENT) == incident


async def _last_run(temporal: Client, key: str) -> WorkflowExecutionDescription | None:
    try:
        return await temporal.get_workflow_handle(key).describe()
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND and "namespace" not in str(error).lower():
            return None
        raise
