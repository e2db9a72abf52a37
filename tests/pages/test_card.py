"""The approval card in a real browser: two steps, large buttons, nothing sideways; without scripts too."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from domain.view import IncidentView
from starter.identity.sending import Became, Reply
from tests.fakes import FakeEar
from tests.people import password

Views = dict[str, IncidentView]
SIZES = [(360, 740), (1280, 800)]


@pytest.fixture(params=[True, False], ids=["with scripts", "without scripts"])
def page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A browser of its own, which knows nobody yet."""
    context = browser.new_context(java_script_enabled=request.param, viewport={"width": 360, "height": 740})
    yield context.new_page()
    context.close()


def log_in(page: Page, address: str, view: IncidentView, who: str = "ana") -> None:
    """By the link of the card, and back to the card."""
    page.goto(f"{address}/incidents/{view.incident}")
    page.get_by_role("link", name="Log in to decide").click()
    page.get_by_label("Name").fill(who)
    page.get_by_label("Token").fill(password(who))
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url(f"**/incidents/{view.incident}#card")


def sideways(page: Page) -> float:
    size = page.viewport_size
    box = page.locator("main").bounding_box()
    assert size is not None
    assert box is not None
    return max(0.0, box["x"] + box["width"] - size["width"])


def heights(page: Page) -> list[float]:
    boxes = [one.bounding_box() for one in page.locator(".button:visible, button:visible, input:visible").all()]
    return [box["height"] for box in boxes if box is not None]


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_an_approval_takes_two_steps_and_is_answered_on_the_card(
    page: Page, address: str, views: Views, ear: FakeEar, width: int, height: int
) -> None:
    ear.forget(Reply(became=Became.ACCEPTED, text="accepted: approve by ana"))
    page.set_viewport_size({"width": width, "height": height})
    log_in(page, address, views["rollback"])
    page.get_by_role("link", name="Approve rollback").click()
    assert ear.told == [], "the first tap says nothing"
    assert "Roll back deployment/shop/checkout from revision 41 to 40." in page.locator("#card").inner_text()
    assert sideways(page) == 0
    assert min(heights(page)) >= 44
    page.get_by_role("button", name="Yes, roll back checkout").click()
    page.get_by_role("heading", name="Recorded").wait_for()
    assert [(update, told["verdict"], told["who"], told["door"]) for _, update, told in ear.told] == [
        ("decide", "approve", "ana", "console")
    ]


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_a_rejection_says_why_and_a_refusal_says_why_not(
    page: Page, address: str, views: Views, ear: FakeEar, width: int, height: int
) -> None:
    ear.forget(Reply(became=Became.REFUSED, text="refused: already decided: approve by mia at 03:11:04 UTC"))
    page.set_viewport_size({"width": width, "height": height})
    log_in(page, address, views["rollback"])
    page.get_by_role("link", name="Reject").click()
    page.get_by_role("button", name="Reject it").click()
    assert ear.told == [], "a reason is needed"
    page.get_by_label("Why").fill("the release is not it")
    page.get_by_role("button", name="Reject it").click()
    page.get_by_role("heading", name="Not accepted").wait_for()
    assert "already decided: approve by mia at 03:11:04 UTC" in page.locator("#card").inner_text()
    assert [told["comment"] for _, _, told in ear.told] == ["the release is not it"]


def test_a_change_is_chosen_from_what_is_allowed(page: Page, address: str, views: Views, ear: FakeEar) -> None:
    ear.forget(Reply(became=Became.ACCEPTED, text="accepted: change by ana: revision 39"))
    log_in(page, address, views["rollback"])
    page.get_by_role("link", name="Request change").click()
    page.get_by_label("Back to revision").select_option("39")
    page.get_by_label("Why").fill("40 was bad too")
    assert sideways(page) == 0
    page.get_by_role("button", name="Ask for this plan instead").click()
    page.get_by_role("heading", name="Recorded").wait_for()
    assert [(told["verdict"], told["revision"]) for _, _, told in ear.told] == [("change", "39")]


def test_nothing_was_recorded_is_said_at_the_button(page: Page, address: str, views: Views, ear: FakeEar) -> None:
    ear.forget(Reply(became=Became.UNHEARD, text="Temporal cannot be reached; nothing was recorded. Try again"))
    log_in(page, address, views["rollback"])
    page.get_by_role("link", name="Approve rollback").click()
    page.get_by_role("button", name="Yes, roll back checkout").click()
    page.get_by_role("heading", name="Nothing was recorded").wait_for()
    assert page.get_by_role("link", name="Approve rollback").is_visible(), "and may be tried again"


def test_who_may_not_decide_sees_no_buttons_but_who_can(page: Page, address: str, views: Views) -> None:
    log_in(page, address, views["rollback"], "eve")
    assert "You are eve, who may not decide on a plan of risk HIGH." in page.locator("#card").inner_text()
    assert page.get_by_role("link", name="Approve rollback").count() == 0


def test_the_buttons_are_within_reach_of_a_thumb_at_once(page: Page, address: str, views: Views) -> None:
    """The link of a message opens at the card: its buttons are on the first screen, and large enough."""
    log_in(page, address, views["rollback"])
    box = page.get_by_role("link", name="Approve rollback").bounding_box()
    assert box is not None
    assert box["y"] + box["height"] <= 740
    assert min(heights(page)) >= 44
    assert sideways(page) == 0


def test_after_the_decision_the_card_is_its_record(page: Page, address: str, views: Views) -> None:
    page.goto(f"{address}/incidents/{views['decided'].incident}")
    record = page.locator("#card").inner_text()
    for words in ("ana approved", "console, proven", "the report can wait", "ended 17 sessions of nightly-report"):
        assert words in record


def test_escape_goes_back_and_says_nothing(browser: Browser, address: str, views: Views, ear: FakeEar) -> None:
    ear.forget(Reply(became=Became.ACCEPTED, text="accepted"))
    context = browser.new_context()
    page = context.new_page()
    log_in(page, address, views["rollback"])
    page.get_by_role("link", name="Approve rollback").click()
    page.get_by_role("button", name="Yes, roll back checkout").wait_for()
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Approve rollback").wait_for()
    assert ear.told == []
    context.close()


def test_a_link_from_another_site_finds_the_session(browser: Browser, address: str, views: Views) -> None:
    """A strict cookie stays away from such a link at first: the page asks once more by itself."""
    context = browser.new_context()
    page = context.new_page()
    log_in(page, address, views["rollback"])
    page.goto("data:text/html,<a href='" + f"{address}/incidents/{views['rollback'].incident}" + "'>see</a>")
    page.get_by_role("link", name="see").click()
    page.get_by_role("link", name="Approve rollback").wait_for()
    context.close()
