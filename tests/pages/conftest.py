"""A real browser, and the pages of an installation that has an incident in every state."""

import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
import uvicorn
from playwright.sync_api import Browser, Page, sync_playwright

from domain.view import IncidentView
from rig.obtain import chromium
from rig.obtain.missing import Missing
from rig.servers.ports import LOOPBACK, free_port
from starter.app import create_app
from starter.machine.facts import Automation, Health, Machine, Part, Queue
from starter.parts import Parts
from tests import page_views
from tests.fakes import FakeEar, FakeIncidents, FakeLive
from tests.incidents import minutes
from tests.parts import parts_with
from tests.people import known

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
Open = Callable[..., Page]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium without a window."""
    try:
        program = chromium.obtain()
    except Missing as missing:
        pytest.skip(str(missing))
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=str(program), args=FLAGS)
        yield found
        found.close()


@pytest.fixture(scope="session")
def views() -> dict[str, IncidentView]:
    """An incident in each state, by the state's name, each with an id and a key of its own."""
    now = datetime.now(UTC)
    return {
        name: build(now).model_copy(update={"incident": f"INC-20260131-00000{number}", "key": f"incident-{name}"})
        for number, (name, build) in enumerate(page_views.BUILDS.items())
    }


@pytest.fixture(scope="session")
def ear() -> FakeEar:
    """Where the words of people go that are said on these pages."""
    return FakeEar()


@pytest.fixture(scope="session")
def address(views: dict[str, IncidentView], ear: FakeEar) -> Iterator[str]:
    """Where the pages are served."""
    store = FakeIncidents()
    for view in views.values():
        store.save(view)
    parts = parts_with(live=FakeLive(*views.values()), incidents=store, desk=known(ear).desk)
    parts.machine.latest = troubled_machine(datetime.now(UTC))
    with serving(parts) as url:
        yield url


@contextmanager
def serving(parts: Parts, port: int | None = None) -> Generator[str]:
    """The pages over these parts, by a real server; its address."""
    port = port or free_port()
    server = uvicorn.Server(uvicorn.Config(create_app(parts), host=LOOPBACK, port=port, log_config=None))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.02)
        yield f"http://{LOOPBACK}:{port}"
    finally:
        parts.closing.end()
        server.should_exit = True
        thread.join()


def troubled_machine(now: datetime) -> Machine:
    """One source is away, automation is paused, and everything has a long name."""
    well = Part(name="prometheus", health=Health.OK, said="answers")
    away = Part(name="jaeger", health=Health.DOWN, said="timed out after 10 s", since=now - minutes(4))
    names = ("incidents", "investigation", "analysis", "remediation", "notification")
    return Machine(
        at=now + minutes(60), temporal=well, store=well, sources=(well, away, well),
        channels=(well.model_copy(update={"name": "email"}),),
        queues=tuple(Queue(name=name, workers=1, oldest_s=0.3) for name in names),
        automation=Automation(observes=False, paused="database move of the shop (ana)", actions=2, limit=10),
    )  # fmt: skip


@pytest.fixture
def opened(browser: Browser, address: str) -> Iterator[Open]:
    """Opens a page at a size and in a colour scheme."""
    context = browser.new_context()
    page = context.new_page()

    def open_page(path: str, width: int = 360, height: int = 800, *, dark: bool = False) -> Page:
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme="dark" if dark else "light")
        page.goto(f"{address}{path}")
        return page

    yield open_page
    context.close()
