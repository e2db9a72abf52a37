"""By which names the starter may be addressed: its own, the public one, and those that were set."""

from dataclasses import replace

import httpx
import pytest

from config.settings import load_settings
from starter.app import create_app
from starter.parts import Parts
from starter.serve import _hosts  # pyright: ignore[reportPrivateUsage] - what a test has to look at
from tests.parts import parts_with


async def status(parts: Parts, host: str) -> int:
    transport = httpx.ASGITransport(create_app(parts))
    async with httpx.AsyncClient(transport=transport, base_url=f"http://{host}") as http:
        return (await http.get("/health")).status_code


async def test_a_name_that_nobody_set_gets_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page of a stranger whose name was pointed at this machine comes with such a name."""
    monkeypatch.setenv("NIGHTSHIFT_HOSTS", "starter,nightshift.internal")
    monkeypatch.setenv("NIGHTSHIFT_PUBLIC_URL", "https://nightshift.example.com")
    parts = replace(parts_with(), hosts=_hosts(load_settings()))
    known = ("localhost", "127.0.0.1", "starter:8000", "nightshift.internal", "nightshift.example.com")
    assert {host: await status(parts, host) for host in known} == dict.fromkeys(known, 200)
    assert await status(parts, "stranger.example.com") == 400
