"""Registers our search attributes: an unregistered one fails every workflow task that sets it, for ever."""

from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from starter.away import TemporalAway, answered
from workflows.search_attributes import ALL

# The server alters its visibility store.
_LIMIT_S = 30.0


async def register(client: Client) -> tuple[str, ...]:
    """Add those that the namespace does not know; their names. Safe to repeat, also at the same time.

    Raises TemporalAway, also when the namespace is not there.
    """
    try:
        async with answered(_LIMIT_S):
            return await _register(client)
    except RPCError as error:  # NOT_FOUND: the namespace
        raise TemporalAway(f"Temporal: {error}") from error


async def _register(client: Client) -> tuple[str, ...]:
    known = await client.operator_service.list_search_attributes(
        ListSearchAttributesRequest(namespace=client.namespace)
    )
    missing = {
        key.name: IndexedValueType.ValueType(key.indexed_value_type)
        for key in ALL
        if key.name not in known.custom_attributes
    }
    if missing:
        request = AddSearchAttributesRequest(namespace=client.namespace, search_attributes=missing)
        try:
            await client.operator_service.add_search_attributes(request)
        except RPCError as error:
            if error.status is not RPCStatusCode.ALREADY_EXISTS:  # somebody else was a moment faster
                raise
    return tuple(missing)
