"""Forms of the list: one word about many incidents with a result for each, and filters that people keep."""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import urlencode

import httpx
import pytest

from domain.view import IncidentView
from starter.app import create_app
from starter.identity.sending import Became, Reply
from starter.parts import Parts
from tests import page_views
from tests.fakes import FakeEar, FakeFilters, FakeIncidents, FakeLive
from tests.incidents import a_view
from tests.parts import parts_with
from tests.people import known, password

NOW = datetime.now(UTC)
ONE = a_view(1, key="incident-orders", title="orders: <b>5xx</b>")
TWO = a_view(2, key="incident-search")
IDS = [ONE.incident, TWO.incident]


@dataclass
class House:
    """Pages over two incidents, with ana logged in."""

    ear: FakeEar = field(default_factory=FakeEar)
    views: tuple[IncidentView, ...] = (ONE, TWO)

    def __post_init__(self) -> None:
        store = FakeIncidents()
        for view in self.views:
            store.save(view)
        self.parts: Parts = parts_with(live=FakeLive(*self.views), incidents=store, desk=known(self.ear).desk)
        app = httpx.ASGITransport(create_app(self.parts))
        self.http = httpx.AsyncClient(transport=app, base_url="http://nightshift")

    async def log_in(self) -> str:
        """What her forms carry."""
        await self.http.post("/login", data={"name": "ana", "token": password("ana"), "to": "/incidents"})
        found = re.search(r'name="form" value="([0-9a-f]+)"', (await self.http.get("/incidents")).text)
        assert found is not None
        return found[1]

    async def post(self, path: str, *fields: tuple[str, str], **headers: str) -> httpx.Response:
        kind = {"content-type": "application/x-www-form-urlencoded", **headers}
        return await self.http.post(path, content=urlencode(fields), headers=kind)

    async def bulk(self, form: str, said: str, *more: tuple[str, str], of: list[str] = IDS) -> httpx.Response:
        return await self.post("/incidents/bulk", ("form", form), ("said", said), *(("incident", i) for i in of), *more)


@pytest.mark.parametrize("said", ["ack", "false_positive", "note"])
async def test_one_word_about_many_is_confirmed_first_and_told_to_each(said: str) -> None:
    house = House()
    form = await house.log_in()
    asked = await house.bulk(form, said)
    assert asked.status_code == 200
    assert "2 incidents?" in asked.text
    assert "orders: &lt;b&gt;5xx&lt;/b&gt;" in asked.text
    assert house.ear.told == [], "the first step says nothing"
    done = await house.bulk(form, said, ("sure", "yes"), ("comment", "the switch is broken"))
    assert "2 of 2 " in done.text
    told = [(incident, update, word["command"], word["who"], word["door"]) for incident, update, word in house.ear.told]
    assert sorted(told) == [(incident, "person", said, "ana", "console") for incident in IDS]
    assert all(word["proof"] for _, _, word in house.ear.told)


@pytest.mark.parametrize("said", ["approve", "reject", "resolve", "take", "snooze", "", "<script>"])
async def test_nothing_is_ever_approved_or_resolved_for_many(said: str) -> None:
    house = House()
    answer = await house.bulk(await house.log_in(), said, ("sure", "yes"), ("digest", "0" * 64))
    assert answer.status_code == 422
    assert "<script>" not in answer.text
    assert house.ear.told == []


async def test_each_row_has_its_own_result() -> None:
    """A refusal is that incident's own; what is not there is said; a note without words is asked for again."""
    house = House(FakeEar(Reply(became=Became.REFUSED, text="refused: the incident is over")))
    form = await house.log_in()
    answer = await house.bulk(form, "ack", ("sure", "yes"), of=[*IDS, "INC-20260131-NOBODY"])
    assert "0 of 3 acknowledged" in answer.text
    assert answer.text.count("refused: the incident is over") == 2
    assert "there is no such incident" in answer.text
    again = await house.bulk(form, "note", ("sure", "yes"), ("comment", " "))
    assert "A note needs words." in again.text


async def test_who_sends_a_form_that_we_did_not_show_them_does_nothing() -> None:
    """A stranger, another site, somebody else's form, and too many at once."""
    house = House()
    sure = ("sure", "yes")
    assert (await house.bulk("0" * 64, "ack", sure)).status_code == 401
    form = await house.log_in()
    assert (await house.bulk("0" * 64, "ack", sure)).status_code == 403
    fields = (("form", form), ("said", "ack"), ("incident", ONE.incident), sure)
    for path in ("/incidents/bulk", "/incidents/filters", f"/incidents/{ONE.incident}"):
        for header in ({"sec-fetch-site": "cross-site"}, {"origin": "https://evil.example.com"}):
            assert (await house.post(path, *fields, **header)).status_code == 403
    assert (await house.bulk(form, "ack", sure, of=[f"INC-{n}" for n in range(51)])).status_code == 422
    assert house.ear.told == []


async def test_a_filter_is_kept_with_its_columns_for_everybody() -> None:
    house = House()
    form = await house.log_in()
    query = "severity=HIGH&q=orders&col=needs&col=sla&after=x&format=json"
    kept = await house.post("/incidents/filters", ("form", form), ("name", "ours <b>"), ("query", query))
    page = (await house.http.get("/incidents?col=needs&col=sla", headers={"accept": "text/html"})).text
    assert kept.status_code == 303
    assert kept.headers["location"] == "/incidents?severity=HIGH&q=orders&col=needs&col=sla"
    assert 'href="/incidents?severity=HIGH&amp;q=orders&amp;col=needs&amp;col=sla"' in page
    assert "ours &lt;b&gt;" in page
    assert '<th scope="col">Needs</th>' in page
    assert '<th scope="col">Attempts</th>' not in page
    await house.post("/incidents/filters", ("form", form), ("said", "drop"), ("name", "ours <b>"))
    assert house.parts.filters.all() == []


@pytest.mark.parametrize(
    ("name", "query", "why"),
    [("", "severity=HIGH", "name"), ("x", "severity=LOUD", "severity"), ("x", "col=secrets", "col"),
     ("x", "since=" + "9" * 3000, "since")],
)  # fmt: skip
async def test_what_is_no_filter_is_not_kept(name: str, query: str, why: str) -> None:
    house = House()
    answer = await house.post("/incidents/filters", ("form", await house.log_in()), ("name", name), ("query", query))
    assert answer.status_code == 422
    assert why in answer.text
    assert isinstance(house.parts.filters, FakeFilters)
    assert house.parts.filters.kept == {}


async def test_feedback_on_the_page_is_that_persons_and_proven() -> None:
    view = page_views.fixed(NOW)
    house = House(views=(view,))
    form = await house.log_in()
    path = f"/incidents/{view.incident}"
    right = await house.post(path, ("form", form), ("said", "feedback"), ("cause", "right"))
    wrong = await house.post(path, ("form", form), ("said", "feedback"), ("cause", "wrong"), ("category", "traffic"))
    other = await house.post(
        path, ("form", form), ("said", "feedback"), ("cause", "wrong"), ("category", "load_spike"),
        ("service", "gateway"), ("comment", "<i>campaign</i>"),
    )  # fmt: skip
    assert (right.status_code, wrong.status_code, other.status_code) == (200, 409, 200)
    said = house.parts.feedback.of(view.incident)
    assert [(one.words, one.actor, one.door) for one in said] == [
        ("the cause was right", "ana", "console"), ("the cause was load_spike at gateway", "ana", "console"),
    ]  # fmt: skip
    assert [(row.actor, row.door) for row in house.parts.audit.rows(view.incident)] == [("ana", "console")] * 2
    assert "(by console)" in other.text
    assert "<i>" not in other.text


async def test_a_cause_that_was_weighed_is_picked_as_the_right_one() -> None:
    view = page_views.fixed(NOW)
    house = House(views=(view,))
    form = await house.log_in()
    path = f"/incidents/{view.incident}"
    said = (("form", form), ("said", "feedback"), ("cause", "wrong"))
    page = (await house.http.get(path)).text
    assert 'name="picked" value="load_spike@gateway"' in page
    assert 'value="connection_pool@orders"' not in page, "what was named is no other cause"
    good = await house.post(path, *said, ("picked", "load_spike@gateway"), ("category", ""), ("service", "orders"))
    bad = await house.post(path, *said, ("picked", "<script>@gateway"))
    assert (good.status_code, bad.status_code) == (200, 409)
    assert "<script>@" not in bad.text
    assert [one.words for one in house.parts.feedback.of(view.incident)] == ["the cause was load_spike at gateway"]


async def test_feedback_by_program_is_proven_by_the_token() -> None:
    view = page_views.fixed(NOW)
    house = House(views=(view,))
    path, token = f"/api/incidents/{view.incident}/feedback", {"authorization": f"Bearer {password('mia')}"}
    good = await house.http.post(path, json={"right": True}, headers=token)
    both = await house.http.post(path, json={"right": True, "false_positive": True}, headers=token)
    none = await house.http.post(path, json={"right": True}, headers={"authorization": "Bearer nobody"})
    assert (good.status_code, both.status_code, none.status_code) == (200, 422, 401)
    assert good.json()["text"].startswith("accepted: the cause was right, says mia")
    assert [one.actor for one in house.parts.feedback.of(view.incident)] == ["mia"]
