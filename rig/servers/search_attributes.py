"""Registering search attributes: an unregistered key fails every workflow task that uses it, for ever."""

from collections.abc import Sequence
from typing import Any

from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest
from temporalio.client import Client
from temporalio.common import SearchAttributeKey

Keys = Sequence[SearchAttributeKey[Any]]


def kind_name(key: SearchAttributeKey[Any]) -> str:
    """The type as Temporal's command line writes it, such as `KeywordList`."""
    return key.indexed_value_type.name.title().replace("_", "")


async def register(client: Client, keys: Keys) -> None:
    """Add the keys to the client's namespace of a running server."""
    if not keys:
        return
    kinds = {key.name: IndexedValueType.ValueType(key.indexed_value_type) for key in keys}
    request = AddSearchAttributesRequest(namespace=client.namespace, search_attributes=kinds)
    await client.operator_service.add_search_attributes(request)
