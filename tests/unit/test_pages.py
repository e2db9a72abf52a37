"""The pages: each state of an incident, each server away, and texts that try to be something else."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from html import unescape

import httpx
import pytest

from domain.exhibits import Call, CallGraph
from domain.feedback import Feedback
from domain.finding import Category
from domain.incident import Outcome, State
from domain.names import names_in
from domain.people import Person
from domain.view import IncidentView
from integrations.ports import Unavailable
from starter import words
from starter.app import create_app
from starter.away import TemporalAway
from starter.console.facts import facts_of
from starter.console.rendering import postmortem, render
from starter.console.seeing import Seen
from starter.identity.visitors import Known, Visitor
from starter.parts import Parts
from starter.reading import Shown
from tests import page_views
from tests.advice import an_advice
from tests.fakes import FakeIncidents, FakeLive
from tests.incidents import an_anomaly
from tests.parts import parts_with


def now() -> datetime:
    """As the server sees it: a page says what is due, so a moment of the import would be past in a long run."""
    return datetime.now(UTC)


AWAY = TemporalAway("Temporal cannot be reached: connection refused")
STORE_AWAY = Unavailable("store: no connection to PostgreSQL in time")
STATES = (
    page_views.detected,
    page_views.diagnosed,
    page_views.waiting,
    page_views.stuck,
    page_views.fixed,
    page_views.merged,
)


def parts(*views: IncidentView, live: FakeLive | None = None, store_away: bool = False) -> Parts:
    incidents = FakeIncidents()
    for view in views:
        incidents.save(view)
    incidents.error = STORE_AWAY if store_away else None
    return parts_with(live=live or FakeLive(*views), incidents=incidents)


async def get(of: Parts, path: str, accept: str = "text/html") -> httpx.Response:
    transport = httpx.ASGITransport(create_app(of))
    async with httpx.AsyncClient(transport=transport, base_url="http://nightshift") as http:
        return await http.get(path, headers={"accept": accept})


async def page(of: Parts, path: str) -> str:
    """The text of a page as a reader sees it, on one line."""
    answer = await get(of, path)
    assert answer.status_code == 200
    return text_of(answer)


def text_of(answer: httpx.Response) -> str:
    body = answer.text[answer.text.index("<body>") :]
    return " ".join(re.sub(r"<[^>]*>", " ", body).split())


def without_our_scripts(answer: httpx.Response) -> str:
    return re.sub(r'<script type="module" src="/static/[a-z]+\.js"></script>', "", answer.text)


@pytest.mark.parametrize("state", STATES)
async def test_in_every_state_the_six_questions_are_answered_in_their_order(state: page_views.Build) -> None:
    view = state(now())
    text = await page(parts(view), f"/incidents/{view.incident}")
    places = [text.index(word) for word in (view.severity, view.title, "Since", "Cause", "Next", "Decides", "Proof")]
    assert places == sorted(places)
    assert words.cause(view) in text


async def test_a_waiting_plan_says_how_to_decide_with_its_digest_and_its_deadline() -> None:
    view = page_views.waiting(now())
    assert view.waiting is not None
    text = await page(parts(view), f"/incidents/{view.incident}")
    assert "waiting for approval" in text
    assert f"nightshift approve {view.incident} --digest {view.waiting.digest[:8]}" in text
    assert "ana or mia, until" in text
    assert "needs a person" in text


async def test_a_waiting_plan_says_who_depends_on_what_it_touches() -> None:
    view = page_views.waiting(now())
    assert view.diagnosis is not None
    calls = (Call(caller="web", callee="gateway"), Call(caller="gateway", callee="orders"))
    diagnosis = view.diagnosis.model_copy(update={"graph": CallGraph(calls=calls)})
    text = await page(parts(view.model_copy(update={"diagnosis": diagnosis})), f"/incidents/{view.incident}")
    assert "Touches database/orders; who depends on it: gateway, web" in text


def test_a_service_with_a_comma_in_its_name_is_split_off_by_all_of_it() -> None:
    view, ana = page_views.diagnosed(now()), Visitor(Person(name="ana"), Known.PROXY, form="f")
    merged = view.anomalies[0].model_copy(update={"service": "billing, eu"})
    seen = Seen(Shown(view.model_copy(update={"anomalies": (*view.anomalies, merged)})))
    card = render("card.html", now(), facts_of(seen, ana, now(), doors=True, step="split"))
    (said,) = re.findall(r'<option value="([^"]*)">billing, eu</option>', card)
    assert names_in(unescape(said)) == ("billing, eu",)


async def test_a_source_that_could_not_be_asked_is_said_beside_the_cause() -> None:
    view = page_views.diagnosed(now())
    text = await page(parts(view), f"/incidents/{view.incident}")
    assert "Not looked at: traces: Jaeger timed out after 10 s, twice." in text
    assert "0.82, likely: database and metrics agree" in text


async def test_a_confidence_that_was_held_against_nothing_is_said_to_be_so() -> None:
    view = page_views.diagnosed(now())
    assert view.diagnosis is not None
    of_a_model = view.diagnosis.model_copy(update={"calibrated": False})
    view = view.model_copy(update={"diagnosis": of_a_model})
    assert "0.82, likely, uncalibrated" in await page(parts(view), f"/incidents/{view.incident}")


async def test_what_a_model_says_stands_beside_the_cause_as_its_words_with_what_it_cites_and_what_it_cost() -> None:
    view = page_views.diagnosed(now()).model_copy(update={"advice": an_advice()})
    answer = await get(parts(view), f"/incidents/{view.incident}")
    text = text_of(answer)
    assert "rig-mind: agrees with the ranking: connection pool at orders ($0.0123 for 4,200 tokens)" in text
    assert "Left out: disk at billing: no candidate of the ranking." in text
    assert '<a href="#F1">F1</a> <a href="#M1">M1</a>' in answer.text
    assert '<li id="M1"' in answer.text
    assert "<b>DROP" not in answer.text
    assert 'href="https://evil.example.com"' not in answer.text


async def test_a_model_that_gave_no_answer_is_said_beside_the_cause() -> None:
    void = an_advice(standing=None, suspects=(), evidence=(), said="no opinion: 503; the statistical answer stands")
    view = page_views.diagnosed(now()).model_copy(update={"advice": void})
    text = await page(parts(view), f"/incidents/{view.incident}")
    assert "rig-mind: no opinion: 503; the statistical answer stands" in text
    assert "What the language model says" not in text


async def test_a_model_that_was_never_asked_is_said_only_where_one_is_to_be_asked() -> None:
    off = page_views.fixed(now())
    on = off.model_copy(update={"adviser": "rig-mind"})
    assert "rig-mind: was not asked" in await page(parts(on), f"/incidents/{on.incident}")
    assert "<dt>Model</dt>" not in (await get(parts(off), f"/incidents/{off.incident}")).text


async def test_a_closed_incident_leads_with_its_outcome_and_does_not_reload() -> None:
    view = page_views.fixed(now())
    answer = await get(parts(view), f"/incidents/{view.incident}")
    text = text_of(answer)
    assert text.index("fixed by the machine") < text.index("Since")
    assert "SLA 15 min: kept, 11 min were left" in text
    assert "http-equiv" not in answer.text


async def test_a_merged_incident_leads_to_the_one_that_took_it_over_and_has_no_verdict_of_its_own() -> None:
    view = page_views.merged(now())
    answer = await get(parts(view), f"/incidents/{view.incident}")
    text = text_of(answer)
    link = f'<a href="/incidents/{view.merged_into}">'
    assert link in answer.text[: answer.text.index("<h1>")], "in the header"
    assert "It goes on in INC-20260131-000002 ." in text
    for misleading in ("SLA", "Nobody has to", "not looked at yet", "Nothing: it is closed"):
        assert misleading not in text


async def test_a_false_positive_has_neither_kept_nor_missed_a_target() -> None:
    changes = {"state": State.FALSE_POSITIVE, "outcome": Outcome.FALSE_POSITIVE}
    view = page_views.fixed(now()).model_copy(update=changes)
    assert "SLA" not in await page(parts(view), f"/incidents/{view.incident}")


async def test_shares_are_percentages_and_a_value_without_a_unit_has_no_gap_behind_it() -> None:
    bare = an_anomaly(actual=0.3646, unit="")
    view = page_views.diagnosed(now()).model_copy(update={"anomalies": (an_anomaly(), bare)})
    text = await page(parts(view), f"/incidents/{view.incident}")
    assert "31 %, threshold 5 %" in text
    assert "0.3646, threshold 0.05" in text
    assert "31.4 %, usually 0.1 %" in text
    assert "ratio" not in text.replace("error ratio", "").replace("HighErrorRatio", "")


async def test_an_open_incident_reloads_and_shows_what_its_workflow_knows_rather_than_the_projection() -> None:
    stored = page_views.detected(now())
    live = stored.model_copy(update={"title": "orders: newer"})
    answer = await get(parts(stored, live=FakeLive(live)), f"/incidents/{stored.incident}")
    assert '<noscript><meta http-equiv="refresh" content="15;url=' in answer.text
    assert "orders: newer" in answer.text


async def test_a_fresh_incident_that_is_not_projected_yet_is_found_in_temporal() -> None:
    view = page_views.detected(now())
    assert view.title in await page(parts(live=FakeLive(view)), f"/incidents/{view.incident}")


async def test_while_temporal_is_away_the_page_comes_from_postgres_and_nobody_is_invited_to_decide() -> None:
    view = page_views.waiting(now())
    text = await page(parts(view, live=FakeLive(away=AWAY)), f"/incidents/{view.incident}")
    assert "Read-only: Temporal cannot be reached: connection refused (since" in text
    assert view.title in text
    assert "Decisions cannot be recorded now" in text
    assert "nightshift approve" not in text


async def test_while_postgres_is_away_the_page_comes_from_the_workflow() -> None:
    view = page_views.waiting(now())
    of = parts(view, store_away=True)
    text = await page(of, f"/incidents/{view.incident}")
    assert "Postgres does not answer (since" in text
    assert view.title in text
    assert "nightshift approve" in text
    assert "Unavailable: Postgres does not answer." in text
    assert view.title in await page(of, "/incidents")


async def test_while_both_are_away_the_page_says_so_and_when_to_come_back() -> None:
    of = parts(live=FakeLive(away=AWAY), store_away=True)
    for path in ("/incidents", "/incidents/INC-20260131-000001"):
        answer = await get(of, path)
        assert answer.status_code == 503
        assert answer.headers["retry-after"]
        assert "no connection to PostgreSQL in time; Temporal cannot be reached" in text_of(answer)


async def test_an_unknown_id_is_answered_with_the_five_newest() -> None:
    views = [
        page_views.fixed(now()).model_copy(update={"incident": f"INC-20260131-00000{n}", "opened_at": now()})
        for n in range(7)
    ]
    answer = await get(parts(*views), "/incidents/INC-20990101-NOBODY")
    assert answer.status_code == 404
    assert "There is no incident 'INC-20990101-NOBODY'." in text_of(answer).replace("&#39;", "'")
    assert answer.text.count('<li class="card') == 5


async def test_an_id_in_small_letters_is_the_same_id() -> None:
    view = page_views.fixed(now())
    assert view.title in await page(parts(view), f"/incidents/{view.incident.lower()}")


async def test_the_list_begins_with_what_needs_a_person_and_can_leave_out_what_is_closed() -> None:
    views = [
        build(now()).model_copy(update={"incident": f"INC-20260131-00000{number}", "key": f"incident-{number}"})
        for number, build in enumerate((page_views.fixed, page_views.diagnosed, page_views.waiting))
    ]
    text = await page(parts(*views), "/incidents")
    assert order(text, views) == [2, 1, 0]
    assert "2 open · 1 waiting for a decision · 0 not acknowledged · 0 at risk · all" in text
    assert order(await page(parts(*views), "/incidents?show=open"), views) == [2, 1]


def order(text: str, views: Sequence[IncidentView]) -> Sequence[int]:
    found = {text.find(view.incident): number for number, view in enumerate(views) if view.incident in text}
    return [found[place] for place in sorted(found)]


async def test_counters_and_pages_are_links_that_keep_the_filter() -> None:
    views = [
        page_views.waiting(now()).model_copy(update={"incident": f"INC-20260131-{n:06}", "key": f"incident-{n}"})
        for n in range(60)
    ]
    first = (await get(parts(*views), "/incidents?severity=CRITICAL&show=open")).text
    assert first.count('class="row') == 50
    (following,) = re.findall(r'rel="next" href="([^"]+)"', first)
    address = following.replace("&amp;", "&")
    assert "severity=CRITICAL" in address
    assert "show=open" in address
    second = (await get(parts(*views), address)).text
    assert second.count('class="row') == 10
    assert 'rel="next"' not in second
    assert "60 waiting for a decision" in second
    assert 'href="/incidents?severity=CRITICAL&amp;show=open&amp;needs=approval"' in second


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("severity=awful", "severity: 'awful' is none of"),
        ("state=%3Cscript%3E", "is none of detected"),
        ("since=yesterday", "since: 'yesterday' is no day"),
        ("since=999999d", "since: '999999d' ago is before all time"),
        ("after=x", "after: is no place in the list"),
        ("show=me", "show: 'me' is none of"),
        (f"q={'x' * 201}", "q: is longer than 200 characters"),
    ],
)
async def test_a_filter_that_means_nothing_is_said_and_hides_no_incident(query: str, said: str) -> None:
    view = page_views.waiting(now())
    answer = await get(parts(view), f"/incidents?{query}")
    assert answer.status_code == 400
    assert said in text_of(answer).replace("&#39;", "'")
    assert view.incident in answer.text
    assert "<script" not in without_our_scripts(answer)
    assert said in (await get(parts(view), f"/incidents?{query}&format=json")).json()["error"]


async def test_a_filter_that_nothing_fits_says_which_and_how_to_clear_it() -> None:
    text = await page(parts(page_views.waiting(now())), "/incidents?severity=LOW&q=search")
    assert "No incident fits: severity LOW, text" in text
    assert "Clear the filter" in text


async def test_what_people_said_of_the_cause_is_shown_with_its_claim() -> None:
    view = page_views.fixed(now())
    of = parts(view)
    path = f"/incidents/{view.incident}"
    assert f"nightshift feedback {view.incident} --cause right" in await page(of, path)
    of.feedback.add(Feedback(
        incident=view.incident, at=now(), who="<b>ana</b>", category=Category.DISK, service="orders", comment="full"
    ))  # fmt: skip
    html = (await get(of, path)).text
    assert "The cause was disk at orders" in html
    assert "&lt;b&gt;ana&lt;/b&gt;" in html
    assert "(claimed)" in html


async def test_an_empty_list_says_that_nothing_is_open() -> None:
    assert "No open incidents." in await page(parts(), "/incidents")


async def test_programs_get_json() -> None:
    view = page_views.waiting(now())
    one = await get(parts(view), f"/incidents/{view.incident}", "application/json")
    many = await get(parts(view), "/incidents?format=json")
    assert (one.json()["incident"], one.json()["needs"]) == (view.incident, "approval")
    assert many.json()["incidents"][0]["title"] == view.title
    assert (await get(parts(), "/incidents/INC-1?format=json")).json() == {"error": "There is no incident 'INC-1'."}


async def test_the_postmortem_comes_as_page_markdown_and_json() -> None:
    of = parts()
    of.postmortems.save("INC-20260131-000001", "# What *happened*\n", {"mttr_s": 240})
    path = "/incidents/INC-20260131-000001/postmortem"
    assert "<h1>What <em>happened</em></h1>" in (await get(of, path)).text
    assert (await get(of, f"{path}?format=md")).text == "# What *happened*\n"
    assert (await get(of, path, "application/json")).json()["facts"] == {"mttr_s": 240}
    assert (await get(of, "/incidents/INC-20260131-NONE/postmortem")).status_code == 404


async def test_the_postmortem_shows_its_own_charts_and_no_image_from_elsewhere() -> None:
    of = parts()
    text = "![ours](INC-1.svg)\n\n![theirs](https://evil.example/pixel.png)\n\n<script>alert(1)</script>\n"
    facts = {"charts": [{"file": "INC-1.svg", "svg": "<svg role='img'></svg>"}, {"file": None, "svg": None}]}
    of.postmortems.save("INC-20260131-000001", text, facts)
    html = (await get(of, "/incidents/INC-20260131-000001/postmortem")).text
    assert html.count("<svg") == 1
    assert "evil.example" not in html
    assert "<script" not in html


async def test_the_page_shows_what_each_finding_gave_the_calls_the_series_and_the_telling_request() -> None:
    view = page_views.explained(now())
    answer = await get(parts(view), f"/incidents/{view.incident}")
    html, text = answer.text, text_of(answer)
    assert re.search(r"\+5\.2.*?href=\"#F6\">F6</a> 74 failing traces", html, re.DOTALL)
    assert re.search(r"-0\.5.*?href=\"#F3\".*?against", html, re.DOTALL)
    assert "orders: suspect, alerted" in html
    assert "web calls gateway, 74 of 180 failed" in html
    assert "declared, not seen in traces" in text
    assert "3 more services are not shown" in text
    assert html.count('<svg viewBox="0 0 340 132" class="curve" role="img"><title>') == 2
    assert "usually 0.1 %, between 0.05 % and 31 %" in text
    assert "no data" in text, "a gap is one in the table too"
    assert "query timed out for &lt;text&gt;" in html
    assert re.search(r'class="origin".*?orders <span class="quiet">SELECT orders</span>.*?failed here', html, re.DOTALL)
    assert "1.2 s (usually 6 ms)" in text


async def test_pictures_are_named_and_nothing_is_styled_inline_which_the_content_policy_forbids() -> None:
    for build in (page_views.explained, page_views.hostile):
        view = build(now())
        html = (await get(parts(view), f"/incidents/{view.incident}")).text
        pictures = re.findall(r"<svg[^>]*>(?:<title>)?", html)
        assert pictures
        assert all("<title>" in one or 'aria-hidden="true"' in one for one in pictures)
        assert " style=" not in html
        assert "<style" not in html


async def test_hostile_texts_stay_texts() -> None:
    view = page_views.hostile(now())
    of = parts(view)
    for path in ("/incidents", f"/incidents/{view.incident}", "/incidents/<script>alert(1)</script>"):
        html = without_our_scripts(await get(of, path))
        assert "<script" not in html
        assert "<img" not in html
        assert 'href="javascript:' not in html
        assert "\u202e" not in html


@pytest.mark.parametrize(
    "text",
    ["<script>alert(1)</script>", "[x](javascript:alert(1))", "![x](https://example.com/x.png)", "<b onclick=x>"],
)
def test_markdown_brings_no_html_no_script_and_no_image_of_its_own(text: str) -> None:
    html = postmortem(text, {})
    assert "<script" not in html
    assert 'href="javascript' not in html
    assert "<img" not in html
    assert "<b" not in html


async def test_every_page_forbids_scripts_but_our_own_files_and_frames() -> None:
    policy = (await get(parts(), "/incidents")).headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy


async def test_health_answers_alone_and_readiness_names_what_is_away() -> None:
    of = parts(live=FakeLive(away=AWAY), store_away=True)
    assert (await get(of, "/health")).json()["status"] == "ok"
    answer = await get(of, "/ready")
    assert answer.status_code == 503
    checks = answer.json()["checks"]
    assert checks["temporal"]["error"] == str(AWAY)
    assert checks["postgres"]["error"] == str(STORE_AWAY)
    assert (await get(parts(), "/ready")).json()["status"] == "ready"


async def test_names_of_five_thousand_characters_are_shown_as_text_and_break_nothing() -> None:
    long = '<script>"&' + "x" * 5_000
    view = page_views.waiting(now()).model_copy(update={"title": long, "service": long, "last_decision": long})
    of = parts(view)
    for path in ("/incidents", f"/incidents/{view.incident}", f"/incidents/{view.incident}/target?part=1"):
        answer = await get(of, path)
        assert answer.status_code == 200
        assert "<script>" not in answer.text
        assert "&lt;script&gt;&#34;&amp;xxx" in answer.text or path.endswith("part=1")
