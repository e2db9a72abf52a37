"""The page of an incident while it is open: it follows, it says whether it does, and nothing moves under the finger."""

import time
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser, Page

from domain.incident import State
from domain.timeline import Entry, Kind
from domain.view import IncidentView
from rig.servers.ports import LOOPBACK, free_port
from starter.identity.sending import Became, Reply
from starter.parts import Parts
from tests import page_views
from tests.fakes import FakeEar, FakeIncidents, FakeLive
from tests.incidents import a_plan
from tests.pages.conftest import serving
from tests.pages.test_card import log_in
from tests.parts import parts_with
from tests.people import known

PATIENCE_MS = 20_000


class Store(FakeIncidents):
    """Counts how often it was asked what has changed."""

    rounds = 0

    def stamps(self, incidents: list[str]) -> dict[str, datetime]:  # pyright: ignore[reportIncompatibleMethodOverride]
        self.rounds += 1
        return dict(super().stamps(incidents))


@dataclass
class House:
    """An installation with one incident, whose workflow says what the store says."""

    view: IncidentView
    ear: FakeEar = field(default_factory=FakeEar)
    store: Store = field(default_factory=Store)
    live: FakeLive = field(default_factory=FakeLive)
    port: int = field(default_factory=free_port)
    _serving: ExitStack = field(default_factory=ExitStack)

    @property
    def address(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def parts(self) -> Parts:
        return parts_with(live=self.live, incidents=self.store, desk=known(self.ear).desk)

    def becomes(self, view: IncidentView) -> None:
        self.view = view.model_copy(update={"updated_at": datetime.now(UTC)})
        self.live.views[view.key] = self.view
        self.store.save(self.view)

    @contextmanager
    def open(self) -> Generator["House"]:
        self.becomes(self.view)
        self._serving.enter_context(serving(self.parts, self.port))
        with self._serving:
            yield self

    def restarts_after(self, seen: Callable[[], None]) -> None:
        """The process stops; when that was seen, another one begins at the same address."""
        self._serving.pop_all().close()
        seen()
        self._serving.enter_context(serving(self.parts, self.port))


@pytest.fixture
def house() -> Iterator[House]:
    with House(page_views.rollback(datetime.now(UTC))).open() as open_house:
        yield open_house


@pytest.fixture
def page(browser: Browser, house: House) -> Iterator[Page]:
    """Logged in as ana, at the card."""
    context = browser.new_context(viewport={"width": 360, "height": 740})
    context.set_default_timeout(PATIENCE_MS)
    found = context.new_page()
    log_in(found, house.address, house.view)
    found.locator("#liveness", has_text="live").wait_for()
    yield found
    context.close()


def test_what_happens_stands_on_the_page_without_a_reload(page: Page, house: House) -> None:
    page.evaluate("window.stays = true")
    house.becomes(house.view.model_copy(update={"title": "orders: 5xx at 77 %"}))
    page.get_by_role("heading", name="orders: 5xx at 77 %").wait_for()
    assert page.evaluate("window.stays") is True
    assert page.locator("#liveness").inner_text() == "live"


def test_a_plan_that_changed_loses_its_buttons_first_and_says_so(page: Page, house: House) -> None:
    """The old card keeps its place without buttons; the new one comes later, and is announced as new."""
    page.evaluate("""() => { window.seen = []; new MutationObserver(() => {
        const there = document.querySelectorAll('.buttons a[href*=approve]').length;
        const gone = document.querySelectorAll('.buttons .gone').length;
        window.seen.push([Date.now(), there, gone, document.querySelector('#card [data-of]').dataset.of]);
    }).observe(document.getElementById('card'), { childList: true, subtree: true, attributes: true }); }""")
    request = house.view.waiting
    assert request is not None
    other = a_plan("INC-20260131-000002", attempt=2, service="checkout")
    changed = request.model_copy(update={"digest": other.digest, "plan": other, "sentence": other.sentence})
    house.becomes(house.view.model_copy(update={"waiting": changed}))
    page.get_by_text("The plan changed").wait_for()
    seen = page.evaluate("window.seen")
    went = next(at for at, there, gone, of in seen if there == 0 and gone and of == request.digest)
    came = next(at for at, _, _, of in seen if of == other.digest)
    assert came - went >= 700
    assert page.get_by_text(other.sentence).is_visible()


def test_who_is_in_the_second_step_keeps_what_is_written_and_cannot_send_what_is_over(page: Page, house: House) -> None:
    page.get_by_role("link", name="Reject").click()
    page.get_by_label("Why").fill("the release is not it")
    house.becomes(house.view.model_copy(update={"waiting": None, "state": State.VERIFYING}))
    page.get_by_text("This plan does not wait any more.").wait_for()
    assert page.get_by_label("Why").input_value() == "the release is not it"
    assert page.locator("button.gone").is_disabled()
    assert house.ear.told == []


def test_an_answer_stays_when_the_plan_that_it_is_about_is_gone(page: Page, house: House) -> None:
    """Whoever said yes a second too late reads why not, though the card beside it follows the incident."""
    house.ear.forget(Reply(became=Became.REFUSED, text="refused: already decided: approve by mia at 03:11:04 UTC"))
    page.get_by_role("link", name="Approve rollback").click()
    page.get_by_role("button", name="Yes, roll back checkout").click()
    page.locator("#liveness", has_text="live").wait_for()
    house.becomes(house.view.model_copy(update={"waiting": None, "state": State.VERIFYING}))
    page.get_by_role("heading", name="Decision needed").wait_for(state="hidden")
    assert "already decided: approve by mia at 03:11:04 UTC" in page.locator("#card").inner_text()


def test_a_line_that_breaks_is_said_and_comes_back_by_itself(page: Page, house: House) -> None:
    page.evaluate("window.stays = true")
    house.restarts_after(lambda: page.locator("#liveness", has_text="reconnecting, last update ").wait_for())
    house.becomes(house.view.model_copy(update={"title": "orders: meanwhile"}))
    page.get_by_role("heading", name="orders: meanwhile").wait_for()
    assert page.evaluate("window.stays") is True
    assert page.locator("#liveness").inner_text() == "live"


def test_when_the_page_is_gone_the_store_is_left_alone(page: Page, house: House) -> None:
    page.close()
    before, give_up = -1, time.monotonic() + 20
    while before != house.store.rounds and time.monotonic() < give_up:
        before = house.store.rounds
        time.sleep(2.5)
    assert before == house.store.rounds


def test_a_closed_incident_ends_the_stream_and_leads_with_its_outcome(page: Page, house: House) -> None:
    fixed = page_views.fixed(datetime.now(UTC) + timedelta(seconds=1))
    house.becomes(fixed.model_copy(update={"incident": house.view.incident, "key": house.view.key}))
    page.get_by_text("fixed by the machine").first.wait_for()
    page.locator("#liveness").wait_for(state="detached")


def test_keys_lead_everywhere_and_approve_nothing(page: Page, house: House) -> None:
    page.keyboard.press("?")
    assert page.locator("dialog#help").is_visible()
    page.keyboard.press("Escape")
    page.locator("dialog#help").wait_for(state="hidden")
    page.keyboard.press("a")
    assert page.evaluate("document.activeElement.id") == "decide"
    page.keyboard.press("Enter")
    page.keyboard.press("j")
    page.keyboard.press("j")
    assert page.evaluate("[...document.querySelectorAll('#timeline li')].indexOf(document.activeElement)") == 1
    page.keyboard.press("2")
    assert page.evaluate("document.activeElement.tagName") == "H3"
    page.get_by_role("button", name="Keys").click()
    page.get_by_label("Single keys are on").uncheck()
    page.get_by_role("button", name="Close").click()
    page.keyboard.press("a")
    assert page.evaluate("document.activeElement.id") != "decide"
    assert house.ear.told == []


def test_a_key_right_after_the_help_was_closed_is_none_that_is_typed_there(page: Page, house: House) -> None:
    """Until the page is drawn again the focus is still in what is not shown any more."""
    assert house.view.waiting is not None
    page.evaluate("""() => {
        const help = document.getElementById("help"), box = document.getElementById("keys-on");
        help.showModal();
        box.focus();
        help.close();
        box.dispatchEvent(new KeyboardEvent("keydown", { key: "a", bubbles: true }));
    }""")
    assert page.evaluate("document.activeElement.id") == "decide"


@pytest.mark.parametrize(("key", "there"), [("a", "H2"), ("j", "LI")])
def test_where_a_key_has_led_stays_in_focus_when_its_region_is_replaced(
    page: Page, house: House, key: str, there: str
) -> None:
    """A heading or a row takes no focus by itself: the one in its place must be made to."""
    page.keyboard.press(key)
    begins = "document.activeElement.textContent.trim().slice(0, 15)"
    words = page.evaluate(begins)
    said = Entry(seq=99, at=datetime.now(UTC), kind=Kind.NOTE, actor="ana", text="a new row")
    more = {"last_decision": "03:11:00 UTC by signal: refused: no such plan", "timeline": (*house.view.timeline, said)}
    house.becomes(house.view.model_copy(update=more))
    page.get_by_text("Last word received").wait_for()
    page.locator("#timeline").get_by_text("a new row").wait_for()
    assert page.evaluate("document.activeElement.tagName") == there
    assert page.evaluate(begins) == words


def test_focus_stays_where_it_was_when_its_region_is_replaced(page: Page, house: House) -> None:
    page.get_by_role("link", name="Reject").focus()
    track = house.view.model_copy(update={"last_decision": "03:11:00 UTC by signal: refused: no such plan"})
    house.becomes(track)
    page.get_by_text("Last word received").wait_for()
    assert page.evaluate("document.activeElement.textContent") == "Reject"
