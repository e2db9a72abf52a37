"""Sealing what Temporal keeps: whoever reads its database, or its pages, without a key reads nothing of an incident."""

import json
import os
from collections.abc import Sequence
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from temporalio.api.common.v1 import Payload
from temporalio.converter import PayloadCodec

from config.keys import PayloadKey
from domain.unopened import marked

SEALED: Final = b"binary/encrypted"
_KEY = "encryption-key-id"
_NONCE_BYTES = 12


class SealingCodec(PayloadCodec):
    """AES-256-GCM. The first key seals; all of them open what they sealed.

    What is not sealed passes as it is: people type plain signals into Temporal's web UI, and histories that began
    before there was a key must go on. The key's name is bound to the payload, so that nobody can exchange it.
    """

    def __init__(self, keys: Sequence[PayloadKey]) -> None:
        if not keys:
            raise ValueError("at least one key is needed")
        self._first = keys[0].name
        self._ciphers = {key.name: AESGCM(key.secret) for key in keys}

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Sealed; each with a nonce of its own."""
        return [self._seal(payload) for payload in payloads]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Opened. What cannot be is marked as such (domain.unopened), and refused by whoever reads it."""
        return [self._open(payload) for payload in payloads]

    def _seal(self, payload: Payload) -> Payload:
        name, nonce = self._first.encode(), os.urandom(_NONCE_BYTES)
        sealed = self._ciphers[self._first].encrypt(nonce, payload.SerializeToString(), name)
        return Payload(metadata={"encoding": SEALED, _KEY: name}, data=nonce + sealed)

    def _open(self, payload: Payload) -> Payload:
        if payload.metadata.get("encoding") != SEALED:
            return payload
        bound = payload.metadata.get(_KEY, b"")
        name = bound.decode(errors="replace")
        cipher = self._ciphers.get(name)
        if cipher is None:
            return _unopened(
                f"it was encrypted with the key {name[:40]!r}, which NIGHTSHIFT_PAYLOAD_KEYS does not have"
            )
        try:
            opened = cipher.decrypt(payload.data[:_NONCE_BYTES], payload.data[_NONCE_BYTES:], bound)
        except (InvalidTag, ValueError):
            return _unopened(f"it says that it was encrypted with the key {name!r}, which does not open it")
        return Payload.FromString(opened)


def _unopened(why: str) -> Payload:
    """The text shows no content."""
    return Payload(metadata={"encoding": b"json/plain"}, data=json.dumps(marked(why)).encode())
