"""The connection to Temporal: one converter for all processes, so that they understand each other's payloads."""

from collections.abc import Iterator
from dataclasses import replace

from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.converter import DataConverter, DefaultFailureConverterWithEncodedAttributes
from temporalio.envconfig import ClientConfig, ClientConnectConfig
from temporalio.runtime import Runtime

from config.errors import ConfigError
from config.keys import payload_keys
from config.settings import Settings


async def connect(settings: Settings, *, lazy: bool = False, runtime: Runtime | None = None) -> Client:
    """A client of the namespace. `lazy` connects at the first call, and again at the next one if that fails.

    Raises ConfigError when a certificate or key cannot be read.
    """
    return await Client.connect(**_place(settings), data_converter=converter(settings), lazy=lazy, runtime=runtime)


def converter(settings: Settings) -> DataConverter:
    """Pydantic's; with NIGHTSHIFT_PAYLOAD_KEYS all payloads are sealed, and so are the texts of errors."""
    if settings.payload_keys is None:
        return pydantic_data_converter
    from config.codec import SealingCodec  # noqa: PLC0415 - commands that seal nothing start faster without it

    return replace(
        pydantic_data_converter,
        payload_codec=SealingCodec(payload_keys(settings.payload_keys)),
        failure_converter_class=DefaultFailureConverterWithEncodedAttributes,
    )


def _place(settings: Settings) -> ClientConnectConfig:
    """Address, namespace, API key and TLS, with the meaning that Temporal's own tools give these variables."""
    try:
        return ClientConfig.load_client_connect_config(disable_file=True, override_env_vars=dict(_variables(settings)))
    except (OSError, RuntimeError, ValueError) as error:
        raise ConfigError(f"TEMPORAL_TLS: {error}") from error


def _variables(settings: Settings) -> Iterator[tuple[str, str]]:
    yield "TEMPORAL_ADDRESS", settings.temporal_address
    yield "TEMPORAL_NAMESPACE", settings.temporal_namespace
    if settings.temporal_api_key is not None:
        yield "TEMPORAL_API_KEY", settings.temporal_api_key.get_secret_value()
    if settings.temporal_tls is not None:
        yield "TEMPORAL_TLS", str(settings.temporal_tls).lower()
    for name, value in (
        ("SERVER_CA_CERT_PATH", settings.temporal_tls_ca),
        ("CLIENT_CERT_PATH", settings.temporal_tls_cert),
        ("CLIENT_KEY_PATH", settings.temporal_tls_key),
        ("SERVER_NAME", settings.temporal_tls_server_name),
    ):
        if value is not None:
            yield f"TEMPORAL_TLS_{name}", str(value)
