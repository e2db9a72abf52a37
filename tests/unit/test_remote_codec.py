"""Temporal's web UI has sealed payloads opened by whoever is logged in, and pages of nobody else may ask."""

import base64
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from google.protobuf.json_format import MessageToDict
from temporalio.api.common.v1 import Payload, Payloads

from config.codec import SealingCodec
from config.keys import PayloadKey
from starter.app import create_app
from starter.identity.desk import Desk
from starter.remote_codec import LARGEST
from tests.fakes import FakeEar
from tests.parts import parts_with
from tests.people import known, people

UI = "https://temporal.example.com"
CODEC = SealingCodec([PayloadKey("2026", b"n" * 32)])
PLAIN = Payload(metadata={"encoding": b"json/plain"}, data=b'"giraffe is slow"')


@asynccontextmanager
async def asking(
    desk: Desk | None, cookies: dict[str, str] | None = None, peer: str = "127.0.0.1"
) -> AsyncGenerator[httpx.AsyncClient]:
    app = create_app(replace(parts_with(desk=desk), codec=CODEC, temporal_ui=f"{UI}/some/place"))
    transport = httpx.ASGITransport(app, client=(peer, 4000))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost", cookies=cookies) as http:
        yield http


@asynccontextmanager
async def ana_asking() -> AsyncGenerator[httpx.AsyncClient]:
    house = known(FakeEar())
    ana = next(person for person in people().people if person.name == "ana")
    async with asking(house.desk, {"nightshift": house.sessions.begin(ana, datetime.now(UTC))}) as http:
        yield http


def body(*payloads: Payload) -> dict[str, Any]:
    return MessageToDict(Payloads(payloads=payloads))


async def test_who_is_logged_in_reads_what_is_sealed_and_seals_what_is_typed() -> None:
    (sealed,) = await CODEC.encode([PLAIN])
    async with ana_asking() as http:
        opened = await http.post("/codec/decode", json=body(sealed, PLAIN))
        typed = await http.post("/codec/encode", json=body(PLAIN))
        back = await http.post("/codec/decode", json=typed.json())
    assert (opened.status_code, opened.json()) == (200, body(PLAIN, PLAIN))
    assert "giraffe" not in base64.b64decode(typed.json()["payloads"][0]["data"]).decode(errors="replace")
    assert back.json() == body(PLAIN)


async def test_a_stranger_reads_nothing() -> None:
    (sealed,) = await CODEC.encode([PLAIN])
    async with asking(known(FakeEar()).desk) as http:
        answer = await http.post("/codec/decode", json=body(sealed))
    assert (answer.status_code, "giraffe" in answer.text) == (401, False)


@pytest.mark.parametrize(("peer", "headers", "status"), [
    ("127.0.0.1", {}, 200), ("10.1.1.1", {}, 403), ("127.0.0.1", {"x-forwarded-for": "10.1.1.1"}, 403),
])  # fmt: skip
async def test_where_nobody_is_known_only_this_machine_reads(peer: str, headers: dict[str, str], status: int) -> None:
    async with asking(None, peer=peer) as http:
        assert (await http.post("/codec/decode", json=body(PLAIN), headers=headers)).status_code == status


@pytest.mark.parametrize(
    ("origin", "allowed"), [(UI, True), ("https://evil.example", False), (f"{UI}.evil.example", False)]
)
async def test_a_browser_lets_pages_of_the_web_ui_ask_and_no_others(origin: str, allowed: bool) -> None:
    asks = {"access-control-request-method": "POST", "access-control-request-headers": "content-type,x-namespace"}
    async with ana_asking() as http:
        first = await http.options("/codec/decode", headers={"origin": origin, **asks})
        then = await http.post("/codec/decode", json=body(PLAIN), headers={"origin": origin})
    expected = origin if allowed else None
    assert first.is_success is allowed
    assert [a.headers.get("access-control-allow-origin") for a in (first, then)] == [expected, expected]
    if allowed:
        assert first.headers["access-control-allow-credentials"] == "true"


@pytest.mark.parametrize(("kind", "content", "status"), [
    ("text/plain", b'{"payloads": []}', 415), ("application/json", b"{", 400), ("application/json", b"[1]", 400),
    ("application/json", b"null", 400), ("application/json", b'{"payloads": [{"data": 7}]}', 400),
    ("application/json", b"[" * (LARGEST + 1), 413),
])  # fmt: skip
async def test_what_is_no_payloads_is_answered_in_words(kind: str, content: bytes, status: int) -> None:
    async with ana_asking() as http:
        answer = await http.post("/codec/decode", content=content, headers={"content-type": kind})
    assert answer.status_code == status
    assert answer.json()["message"]


async def test_where_nothing_is_sealed_there_is_no_such_address() -> None:
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(create_app(parts_with())), base_url="http://localhost"
    ) as http:
        assert (await http.post("/codec/decode", json=body(PLAIN))).status_code == 404
