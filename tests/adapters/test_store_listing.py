"""Lists of incidents: filters, order, pages and counts are the same in the store and in its stand-in."""

from datetime import timedelta

import pytest

from domain.escalation import Clock, Reason, Told
from domain.finding import Category
from domain.incident import Outcome, State
from domain.levels import Severity
from domain.listing import Counts, Filter, Need, Page, Place, counted
from domain.view import IncidentView
from integrations.ports import IncidentStore
from integrations.store.incidents import PostgresIncidents
from tests import page_views
from tests.fakes import FakeIncidents
from tests.incidents import NOON, a_view, minutes

NOW = NOON + minutes(30)


@pytest.fixture(params=["postgres", "fake"])
def incidents(request: pytest.FixtureRequest) -> IncidentStore:
    if request.param == "fake":
        return FakeIncidents()
    return PostgresIncidents(request.getfixturevalue("store_pool"))


def named(number: int, view: IncidentView, **changes: object) -> IncidentView:
    return view.model_copy(update={"incident": f"INC-20260131-{number:06}", **changes})


def a_night() -> list[IncidentView]:
    """Seven incidents that differ in everything that lists look at."""
    untold = Clock(detected_at=NOW - minutes(3), severity=Severity.LOW, told=(Told(
        at=NOW - minutes(1), tier=3, reasons=(Reason.LOW_CONFIDENCE,), awaits=True),))  # fmt: skip
    return [
        named(1, page_views.waiting(NOW)),
        named(2, page_views.stuck(NOW)),
        named(3, page_views.diagnosed(NOW), severity=Severity.MEDIUM),
        named(4, page_views.fixed(NOW)),
        named(5, page_views.merged(NOW)),
        named(6, a_view(opened_at=NOW - minutes(3), severity=Severity.LOW), service="search", services=("search",),
              title="search: 100 % slower\x00", clock=untold, escalated=True),
        named(7, page_views.fixed(NOW), state=State.UNRESOLVED, outcome=Outcome.UNRESOLVED,
              opened_at=NOW - timedelta(days=2)),
    ]  # fmt: skip


def numbers(page: Page) -> list[int]:
    return [int(view.incident[-6:]) for view in page.views]


@pytest.fixture
def night(incidents: IncidentStore) -> IncidentStore:
    for view in a_night():
        incidents.save(view)
    return incidents


@pytest.mark.parametrize(
    ("by", "found"),
    [
        (Filter(), [1, 6, 2, 3, 5, 4, 7]),
        (Filter(open_only=True), [1, 6, 2, 3]),
        (Filter(needs=(Need.APPROVAL,)), [1]),
        (Filter(needs=(Need.APPROVAL, Need.ACK)), [1, 6]),
        (Filter(at_risk=True), [2]),
        (Filter(states=(State.RESOLVED, State.MERGED)), [5, 4]),
        (Filter(severities=(Severity.LOW, Severity.MEDIUM)), [6, 3]),
        (Filter(outcomes=(Outcome.UNRESOLVED,)), [7]),
        (Filter(causes=(Category.UNKNOWN,)), [2]),
        (Filter(causes=(Category.CONNECTION_POOL,), open_only=True), [1, 3]),
        (Filter(service="search"), [6]),
        (Filter(text="100 % SLOWER"), [6]),
        (Filter(text="_", open_only=True), []),
        (Filter(text="nightly-report", open_only=True), [1, 3]),
        (Filter(text="-000004"), [4]),
        (Filter(since=NOW - minutes(5)), [6, 5]),
        (Filter(until=NOW - timedelta(days=1)), [7]),
        (Filter(service="nobody"), []),
    ],
    ids=lambda value: value.model_dump_json(exclude_defaults=True) if isinstance(value, Filter) else "",
)
def test_a_filter_lets_through_what_it_says_in_the_order_of_urgency(
    night: IncidentStore, by: Filter, found: list[int]
) -> None:
    assert numbers(night.page(by, NOW)) == found


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_pages_join_without_a_gap_and_without_a_row_twice(night: IncidentStore, size: int) -> None:
    seen: list[int] = []
    page = night.page(Filter(), NOW, None, size)
    seen += numbers(page)
    while page.after is not None:
        page = night.page(Filter(), NOW, Place.read(page.after.token), size)
        seen += numbers(page)
    assert seen == [1, 6, 2, 3, 5, 4, 7]


def test_what_closes_between_two_pages_moves_on_and_is_not_skipped(night: IncidentStore) -> None:
    first = night.page(Filter(), NOW, None, 2)
    closed = {"state": State.RESOLVED, "outcome": Outcome.SELF_RESOLVED, "closed_at": NOW, "updated_at": NOW}
    night.save(a_night()[2].model_copy(update=closed))
    assert numbers(night.page(Filter(), NOW, first.after)) == [2, 5, 3, 4, 7]


def test_a_page_leaves_out_what_no_list_shows(night: IncidentStore) -> None:
    assert all(not view.findings and not view.timeline for view in night.page(Filter(), NOW).views)


def test_counts_are_of_what_is_open(night: IncidentStore) -> None:
    assert night.counts(NOW) == Counts(
        open=4, approval=1, ack=1, at_risk=1, untold=2, oldest_request=NOW - minutes(1),
        by_severity={Severity.CRITICAL: 1, Severity.HIGH: 1, Severity.MEDIUM: 1, Severity.LOW: 1},
    )  # fmt: skip
    assert night.counts(NOW) == counted(a_night(), NOW)


def test_nothing_is_counted_where_nothing_is(incidents: IncidentStore) -> None:
    assert incidents.counts(NOW) == Counts()
    assert incidents.page(Filter(), NOW) == Page(views=())


@pytest.mark.parametrize("token", ["", "x", "e30", "%%%", "\N{SNOWMAN}", "bm90IGpzb24"])
def test_a_place_that_we_did_not_make_is_refused(token: str) -> None:
    with pytest.raises(ValueError, match="after: is no place in the list"):
        Place.read(token)


def test_a_place_survives_its_way_through_an_address() -> None:
    for view in a_night():
        assert Place.read(Place.of(view).token) == Place.of(view)
