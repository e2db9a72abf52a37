"""The connection to Temporal: one converter for all processes, so that they understand each other's payloads."""

from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter

from config.settings import Settings


async def connect(settings: Settings, *, lazy: bool = False) -> Client:
    """A client of the namespace. `lazy` connects at the first call, and again at the next one if that fails."""
    return await Client.connect(
        settings.temporal_address,
        namespace=settings.temporal_namespace,
        data_converter=pydantic_data_converter,
        lazy=lazy,
    )
