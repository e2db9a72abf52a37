"""Payloads are sealed, opened by every key that may, and by nobody else; what was never sealed passes."""

import base64
import json
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError
from temporalio.api.common.v1 import Payload
from temporalio.api.failure.v1 import Failure
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.converter import WithSerializationContext
from temporalio.exceptions import ApplicationError

from config.codec import SEALED, SealingCodec
from config.keys import PayloadKey, payload_keys
from config.settings import load_settings
from config.temporal import converter
from domain.finding import Finding
from domain.unopened import why_unopened
from domain.view import IncidentView
from workflows.contract import Opening

OLD, NEW = PayloadKey("2025", b"o" * 32), PayloadKey("2026", b"n" * 32)


def payload(data: bytes, **metadata: bytes) -> Payload:
    return Payload(metadata={"encoding": b"json/plain", **metadata}, data=data)


PAYLOADS = st.builds(payload, st.binary(max_size=2_000), messageType=st.binary(max_size=20))


@given(st.lists(PAYLOADS, max_size=5))
async def test_what_is_sealed_is_opened_as_it_was(payloads: list[Payload]) -> None:
    codec = SealingCodec([NEW])
    assert await codec.decode(await codec.encode(payloads)) == payloads


async def test_a_sealed_payload_shows_neither_its_data_nor_its_metadata() -> None:
    (sealed,) = await SealingCodec([NEW]).encode([payload(b"the cause", messageType=b"Incident")])
    assert dict(sealed.metadata) == {"encoding": SEALED, "encryption-key-id": b"2026"}
    assert not {b"cause", b"Incident", b"json"} & {w for w in (b"cause", b"Incident", b"json") if w in sealed.data}


async def test_the_same_payload_is_sealed_anew_each_time() -> None:
    one, other = await SealingCodec([NEW]).encode([payload(b"same"), payload(b"same")])
    assert one.data != other.data


async def test_after_a_rotation_both_keys_open_and_the_first_one_seals() -> None:
    before = await SealingCodec([OLD]).encode([payload(b"old")])
    rotated = SealingCodec([NEW, OLD])
    assert await rotated.decode(before) == [payload(b"old")]
    (sealed,) = await rotated.encode([payload(b"new")])
    assert sealed.metadata["encryption-key-id"] == b"2026"


async def test_without_its_key_it_is_not_opened_and_the_key_is_named() -> None:
    sealed = await SealingCodec([OLD]).encode([payload(b"old")])
    said = _said(await SealingCodec([NEW]).decode(sealed))
    assert said == (
        "the data could not be opened: it was encrypted with the key '2025', "
        "which NIGHTSHIFT_PAYLOAD_KEYS does not have"
    )


def _said(decoded: Sequence[Payload]) -> str | None:
    """What the one payload is refused with."""
    (content,) = pydantic_data_converter.payload_converter.from_payloads(decoded)
    return why_unopened(content)


@pytest.mark.parametrize("ours", [IncidentView, Opening, tuple[Finding, ...], str, float | None, type(None)])
async def test_what_is_our_own_still_fails_where_it_is_read(ours: type) -> None:
    """A record that cannot be opened must never pass for an empty one."""
    unopened = await SealingCodec([NEW]).decode(await SealingCodec([OLD]).encode([payload(b"{}")]))
    with pytest.raises(ValidationError):
        pydantic_data_converter.payload_converter.from_payloads(unopened, [ours])


@pytest.mark.parametrize("change", ["data", "too short", "another key's name"])
async def test_what_was_changed_is_not_opened(change: str) -> None:
    codec = SealingCodec([NEW, OLD])
    (sealed,) = await codec.encode([payload(b"pay nobody")])
    match change:
        case "data":
            sealed.data = sealed.data[:-1] + bytes([sealed.data[-1] ^ 1])
        case "too short":
            sealed.data = sealed.data[:5]
        case _:
            sealed.metadata["encryption-key-id"] = b"2025"
    assert "which does not open it" in str(_said(await codec.decode([sealed])))


async def test_a_signal_that_somebody_typed_into_the_web_ui_is_read_as_it_is() -> None:
    typed = payload(json.dumps({"digest": "3f9a12c7", "who": "ana"}).encode())
    assert await SealingCodec([NEW]).decode([typed]) == [typed]


# -- settings ---------------------------------------------------------------------------------------------------------


def _encoded(secret: bytes) -> str:
    return base64.b64encode(secret).decode()


def test_keys_are_read_in_their_order() -> None:
    assert payload_keys(SecretStr(f"2026:{_encoded(b'n' * 32)}, 2025:{_encoded(b'o' * 32)}")) == (NEW, OLD)


def test_a_key_hides_when_it_is_shown() -> None:
    assert "nnn" not in repr(NEW)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("", "key 1 is not name:base64"),
        ("justakey", "key 1 is not name:base64"),
        (f"a b:{_encoded(b'n' * 32)}", "key 1 is not name:base64"),
        (f"new:{_encoded(b'n' * 32)},old", "key 2 is not name:base64"),
        ("new:***", "key 1 is not base64 after its name"),
        (f"new:{_encoded(b'n' * 16)}", "key 1 has 16 bytes, and 32 are needed"),
        (f"a:{_encoded(b'n' * 32)},a:{_encoded(b'o' * 32)}", "two keys have the same name"),
    ],
)
def test_what_is_wrong_with_the_keys_is_said_without_showing_them(value: str, said: str) -> None:
    with pytest.raises(ValueError, match="secret") as raised:
        payload_keys(SecretStr(value))
    assert str(raised.value).startswith(said)
    assert _encoded(b"n" * 16)[:8] not in str(raised.value)


def test_without_keys_nothing_is_sealed() -> None:
    assert converter(load_settings()).payload_codec is None


async def test_with_keys_the_texts_of_errors_are_sealed_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NIGHTSHIFT_PAYLOAD_KEYS", f"2026:{_encoded(b'n' * 32)}")
    sealing, failure = converter(load_settings()), Failure()
    await sealing.encode_failure(ApplicationError("orders is full", type="Unavailable"), failure)
    assert b"orders is full" not in failure.SerializeToString()
    assert "orders is full" in str(await sealing.decode_failure(failure))


def test_neither_codec_nor_storage_asks_which_workflow_a_payload_is_of(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers do not tell them (workers.runner)."""
    monkeypatch.setenv("NIGHTSHIFT_PAYLOAD_KEYS", f"2026:{_encoded(b'n' * 32)}")
    sealing = converter(load_settings())
    assert not isinstance(sealing.payload_codec, WithSerializationContext)
    assert sealing.external_storage is None
