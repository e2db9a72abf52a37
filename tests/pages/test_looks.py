"""What people see on a phone and on a desk: the answers above the fold, nothing sideways, readable in the dark."""

import pytest
from playwright.sync_api import Dialog, Request

from domain.view import IncidentView
from tests import page_views
from tests.pages.conftest import Open

Views = dict[str, IncidentView]
ORDINARY = [name for name in page_views.BUILDS if name != "hostile"]
SCRIPTS = {f"{name}.js" for name in ("clocks", "hand", "target", "live", "keys", "page")}
# WCAG 2.2, success criterion 1.4.3.
_CONTRAST = 4.5
_LOWEST_CONTRAST = """() => {
  const parse = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
    .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, n) => sum + v * [0.2126, 0.7152, 0.0722][n], 0);
  const behind = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const colour = parse(getComputedStyle(at).backgroundColor);
      if (colour.length < 4 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  let lowest = [21, ''];
  for (const node of document.querySelectorAll('body *')) {
    const own = [...node.childNodes].some((child) => child.nodeType === 3 && child.textContent.trim());
    if (!own || !node.getClientRects().length) continue;
    const pair = [light(parse(getComputedStyle(node).color)), light(behind(node))].sort((a, b) => b - a);
    const ratio = (pair[0] + 0.05) / (pair[1] + 0.05);
    if (ratio < lowest[0]) lowest = [ratio, node.textContent.trim().slice(0, 40)];
  }
  return lowest;
}"""


def of(view: IncidentView) -> str:
    return f"/incidents/{view.incident}"


@pytest.mark.parametrize("width", [360, 1280])
def test_nothing_scrolls_sideways(opened: Open, views: Views, width: int) -> None:
    for path in ("/incidents", *map(of, views.values())):
        assert opened(path, width).evaluate("document.documentElement.scrollWidth") <= width, path


@pytest.mark.parametrize(("width", "height"), [(360, 640), (1280, 720)])
@pytest.mark.parametrize("name", ORDINARY)
def test_the_six_answers_stand_above_the_fold(opened: Open, views: Views, name: str, width: int, height: int) -> None:
    page = opened(of(views[name]), width, height)
    box = page.locator("header.incident").bounding_box()
    assert box is not None
    assert box["y"] + box["height"] <= height
    assert page.locator("header.incident dt").all_inner_texts() == ["Since", "Cause", "Next", "Decides", "Proof"]


@pytest.mark.parametrize("dark", [False, True])
def test_every_text_can_be_read_in_both_colour_schemes(opened: Open, views: Views, dark: bool) -> None:
    for path in ("/incidents", *map(of, views.values())):
        ratio, text = opened(path, dark=dark).evaluate(_LOWEST_CONTRAST)
        assert ratio >= _CONTRAST, (path, text)


def test_a_hostile_text_runs_nothing_and_loads_nothing(opened: Open, views: Views) -> None:
    page = opened("/incidents")
    said: list[Dialog] = []
    asked: list[Request] = []

    def says(dialog: Dialog) -> None:
        said.append(dialog)

    def asks(request: Request) -> None:
        asked.append(request)

    page.on("dialog", says)
    page.on("request", asks)
    page.goto(page.url.replace("/incidents", of(views["hostile"])))
    assert said == []
    assert {request.url.rpartition("/")[2] for request in asked} <= {
        views["hostile"].incident, "nightshift.css", "icon.svg", *SCRIPTS, "events", "target?part=1",
    }  # fmt: skip
    assert page.locator("script:not([src^='/static/']), [onerror], [onclick], [onload]").count() == 0


def test_links_and_summaries_are_large_enough_to_tap(opened: Open, views: Views) -> None:
    """WCAG 2.5.8: 24 CSS pixels; links inside of a sentence are exempt."""
    page = opened(of(views["waiting"]))
    heights = page.locator("summary, nav a").evaluate_all("all => all.map(e => e.getBoundingClientRect().height)")
    assert heights
    assert min(heights) >= 24


def test_the_list_leads_to_the_incident(opened: Open, views: Views) -> None:
    page = opened("/incidents")
    page.locator(f'a[href="{of(views["stuck"])}"]').click()
    assert page.get_by_role("heading", level=1).inner_text() == views["stuck"].title
    assert views["stuck"].incident in page.title()


@pytest.mark.parametrize(("width", "who"), [(360, False), (1280, True)])
def test_the_list_says_in_each_row_how_bad_where_it_stands_what_it_is_and_what_must_be_done(
    opened: Open, views: Views, width: int, who: bool
) -> None:
    """By whom is said where there is room."""
    page = opened("/incidents", width)
    row = page.locator("tr.row", has=page.locator(f'a.title[href="{of(views["waiting"])}"]'))
    shown = " ".join(row.inner_text().split())
    for words in ("CRITICAL", "waiting for approval", views["waiting"].title, "needs a decision", "SLA"):
        assert words in shown
    assert ("ana or mia" in shown) is who


def test_the_filter_is_in_the_address_and_can_be_taken_back(opened: Open) -> None:
    page = opened("/incidents", 1280)
    page.locator("summary").click()
    page.select_option("select[name=severity]", "HIGH")
    page.fill("input[name=q]", "orders")
    page.get_by_role("button", name="Show").click()
    assert "severity=HIGH" in page.url
    assert "q=orders" in page.url
    severities = page.locator("tr.row .severity").all_inner_texts()
    assert severities
    assert all("HIGH" in severity for severity in severities)
    page.get_by_role("link", name="clear").click()
    assert page.url.endswith("/incidents")


def test_what_a_thumb_has_to_hit_in_the_filter_is_large_enough(opened: Open) -> None:
    page = opened("/incidents")
    page.locator("summary").click()
    heights = page.locator("form select, form input:visible, form button").evaluate_all(
        "all => all.map(e => e.getBoundingClientRect().height)"
    )
    assert heights
    assert min(heights) >= 44


def test_the_first_incident_stands_above_the_fold_of_a_phone(opened: Open) -> None:
    box = opened("/incidents", 360, 640).locator("tr.row a.title").first.bounding_box()
    assert box is not None
    assert box["y"] + box["height"] <= 640
