"""The keys that payloads are sealed with, as the settings hold them."""

import base64
import binascii
import re
from dataclasses import dataclass, field
from typing import Annotated

from pydantic import AfterValidator, SecretStr

KEY_BYTES = 32
_ID = re.compile(r"^[A-Za-z0-9._-]{1,40}$")


@dataclass(frozen=True)
class PayloadKey:
    """`secret`: 32 bytes for AES-256. `name` goes with each payload in the clear, so that it can be opened later."""

    name: str
    secret: bytes = field(repr=False)


def payload_keys(value: SecretStr) -> tuple[PayloadKey, ...]:
    """`name:base64,name:base64`: the first seals, all open. Raises ValueError, which shows no key."""
    keys = tuple(_key(number, part) for number, part in enumerate(value.get_secret_value().split(","), start=1))
    if len({key.name for key in keys}) != len(keys):
        raise ValueError("two keys have the same name (its value is secret)")
    return keys


def _key(number: int, text: str) -> PayloadKey:
    name, colon, encoded = text.strip().partition(":")
    if not colon or not _ID.match(name):
        raise ValueError(f"key {number} is not name:base64, with a name of letters, digits and . _ - (it is secret)")
    try:
        secret = base64.b64decode(encoded, validate=True)
    except binascii.Error:
        raise ValueError(f"key {number} is not base64 after its name (its value is secret)") from None
    if len(secret) != KEY_BYTES:
        raise ValueError(f"key {number} has {len(secret)} bytes, and {KEY_BYTES} are needed (its value is secret)")
    return PayloadKey(name, secret)


def _readable(value: SecretStr) -> SecretStr:
    payload_keys(value)
    return value


PayloadKeys = Annotated[SecretStr, AfterValidator(_readable)]
