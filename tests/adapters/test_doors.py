"""Every door against a real workflow on a real server: who decides, with which proof, and what cheats are answered."""

import asyncio
import re
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from ipaddress import ip_network
from typing import Any
from uuid import uuid4

import httpx
import pytest
from pydantic import SecretStr
from temporalio.api.common.v1 import Payload, Payloads, WorkflowExecution
from temporalio.api.workflowservice.v1 import SignalWorkflowExecutionRequest
from temporalio.client import Client, WorkflowUpdateFailedError

from domain.approval import Request, Verdict
from domain.doors import Door
from domain.incident import State
from domain.levels import Risk
from domain.policy import Floors, Policy
from domain.view import IncidentView
from starter.app import create_app
from starter.identity.sending import Became, TemporalEar, decision_key
from starter.identity.speech import Speech
from starter.identity.visitors import TrustedProxy
from starter.live import TemporalIncidents
from tests.ending import ended
from tests.fakes import FakeIncidents
from tests.parts import parts_with
from tests.people import KEY, Known, known, password
from tests.workflows.world import POLICY, Handle, World, anomaly
from workflows.describe import current_details
from workflows.incident import IncidentWorkflow

# Sure enough for nobody: every plan asks a person. A claim decides nothing here, unless a test wants it to.
PROVEN = POLICY.model_copy(
    update={"floors": Floors(LOW=1.0), "gather_s": 0.1, "approvers": ("ana", "mia", "bo"),
            "claimed_identity_up_to": Risk.OBSERVE}
)  # fmt: skip
CLAIMED = PROVEN.model_copy(update={"claimed_identity_up_to": Risk.HIGH})
_HANGS_AFTER_S = 180.0


@dataclass
class House:
    """An incident whose plan waits, and the starter in front of it."""

    world: World
    client: Client
    handle: Handle
    view: IncidentView
    known: Known
    base: str = "http://nightshift"

    @property
    def request(self) -> Request:
        assert self.view.waiting is not None
        return self.view.waiting

    @property
    def page(self) -> str:
        return f"/incidents/{self.view.incident}"

    def browser(self, peer: str = "10.1.1.1") -> httpx.AsyncClient:
        parts = parts_with(
            live=TemporalIncidents(self.client, _HANGS_AFTER_S),
            incidents=FakeIncidents(),
            desk=self.known.desk,
        )
        transport = httpx.ASGITransport(create_app(parts), client=(peer, 1))
        return httpx.AsyncClient(transport=transport, base_url=self.base, headers={"accept": "text/html"})

    async def seen(self) -> IncidentView:
        return await self.handle.query(IncidentWorkflow.view)

    async def until(self, holds: Callable[[IncidentView], bool]) -> IncidentView:
        async with asyncio.timeout(_HANGS_AFTER_S):
            while not holds(view := await self.seen()):  # noqa: ASYNC110 - a server sets no event
                await asyncio.sleep(0.1)
        return view

    async def reaches(self, *states: State) -> IncidentView:
        return await self.until(lambda view: view.state in states)

    @property
    def ran(self) -> bool:
        return self.world.remediator.executions > 0


@asynccontextmanager
async def asking(
    client: Client, policy: Policy = PROVEN, proxy: TrustedProxy | None = None, key: SecretStr | None = KEY
) -> AsyncGenerator[House]:
    key_of = f"incident-doors-{uuid4().hex[:8]}"
    world = World(policy=policy, identity_key=key, limits={"bo": Risk.OBSERVE}, workers_policy=policy)
    async with world.living(client):
        handle = await world.open(client, anomaly(), key=key_of)
        house = House(
            world, client, handle, await handle.query(IncidentWorkflow.view),
            known(TemporalEar(client, _HANGS_AFTER_S), proxy=proxy),
        )  # fmt: skip
        try:
            house.view = await house.reaches(State.WAITING_FOR_APPROVAL)
            yield house
        finally:
            world.let_go()
            await ended(handle)


async def log_in(browser: httpx.AsyncClient, who: str = "ana", token: str | None = None) -> httpx.Response:
    return await browser.post("/login", data={"name": who, "token": token or password(who), "to": "/incidents"})


def form_of(answer: httpx.Response) -> str:
    found = re.search(r'name="form" value="([0-9a-f]{64})"', answer.text)
    assert found, answer.text[:2_000]
    return found[1]


async def form(browser: httpx.AsyncClient, house: House, said: str = "approve", **more: str) -> dict[str, str]:
    """What the second step of a tap sends."""
    page = await browser.get(house.page, params={"step": said})
    return {"form": form_of(page), "digest": house.request.digest, "said": said, **more}


def text_of(answer: httpx.Response) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", answer.text[answer.text.index("<main") :]).split())


# -- the page --------------------------------------------------------------------------------------------------------


async def test_an_approver_approves_on_the_page_and_it_is_proven(temporal_client: Client) -> None:
    """Two steps; the record says who, by which door, and that it is proven; a double tap is one decision."""
    async with asking(temporal_client) as house, house.browser() as browser:
        assert (await log_in(browser)).status_code == 303
        first = await browser.get(house.page)
        assert "Approve ending sessions" in text_of(first)
        assert "You decide as ana (ana@example.com)" in text_of(first)
        sent = await form(browser, house, comment="go")
        once, again = await asyncio.gather(browser.post(house.page, data=sent), browser.post(house.page, data=sent))
        seen = await house.reaches(State.ACTING, State.VERIFYING, State.WATCHING)
        page = await browser.get(house.page)
    assert "Recorded accepted: approve by ana" in text_of(once)
    assert "accepted: approve by ana" in text_of(again)
    assert [(d.who, d.door, d.proven, d.comment) for d in seen.decisions] == [("ana", Door.CONSOLE, True, "go")]
    assert all(d.seal is None for d in seen.decisions), "a seal is for the worker that acts, and nothing to be shown"
    assert seen.attempts[0].approved_by == "ana"
    assert "ana approved" in text_of(page)
    assert "console, proven" in text_of(page)


async def test_a_rejection_and_a_change_need_a_reason_and_a_change_brings_another_plan(temporal_client: Client) -> None:
    async with asking(temporal_client) as house, house.browser() as browser:
        await log_in(browser)
        silent = await browser.post(house.page, data=await form(browser, house, "reject", comment=" "))
        assert silent.status_code == 409
        assert "a word of why is needed; nothing was recorded" in text_of(silent)
        wide = await browser.post(house.page, data=await form(browser, house, "change", comment="less", cap="500"))
        assert "refused: cap is 500, allowed is from 1 to 50" in text_of(wide)
        narrow = await browser.post(house.page, data=await form(browser, house, "change", comment="less", cap="5"))
        assert "accepted: change by ana: at most 5" in text_of(narrow)
        seen = await house.until(lambda v: v.waiting is not None and v.waiting.digest != house.request.digest)
        assert seen.waiting is not None
        stale = await browser.post(house.page, data={"form": form_of(await browser.get(house.page)), "said": "approve",
                                                     "digest": house.request.digest})  # fmt: skip
        assert "is not " + seen.waiting.digest[:8] in text_of(stale)
        assert not house.ran
        house.view = seen
        done = await browser.post(house.page, data=await form(browser, house))
        assert "accepted: approve by ana" in text_of(done)
        seen = await house.reaches(State.ACTING, State.VERIFYING, State.WATCHING)
    assert seen.attempts[0].gate.clause == "changed"
    assert seen.attempts[-1].plan.parameters["cap"] == 5
    assert "at most 5 sessions" in seen.attempts[-1].plan.sentence


@pytest.mark.parametrize(
    ("who", "words"),
    [(None, "You are not logged in."), ("eve", "You are eve, who may not decide"), ("bo", "You are bo, who may not")],
)
async def test_who_may_not_decide_has_no_buttons_but_reads_who_can(
    temporal_client: Client, who: str | None, words: str
) -> None:
    """A stranger, a person who is no approver, and an approver whose own limit is below the plan's risk."""
    async with asking(temporal_client) as house, house.browser() as browser:
        if who is not None:
            await log_in(browser, who)
        page = text_of(await browser.get(house.page))
        assert words in page
        assert "Who can decide: ana or mia" in page
        assert "Approve ending" not in page
        forced = {"digest": house.request.digest, "said": "approve", "form": "0" * 64}
        if who is not None:
            forced["form"] = form_of(await browser.get("/incidents"))
        answer = await browser.post(house.page, data=forced)
        seen = await house.seen()
    assert answer.status_code == (401 if who is None else 409)
    assert seen.decisions == ()
    if who is not None:
        assert f"{who!r} is not an approver of risk LOW" in text_of(answer).replace("&#39;", "'")
        assert any(f"by console: refused: {who!r} is not an approver" in e.text for e in seen.timeline)


async def test_other_words_of_people_are_proven_too_and_need_no_approver(temporal_client: Client) -> None:
    async with asking(temporal_client) as house, house.browser() as browser:
        await log_in(browser, "eve")
        page = await browser.get(house.page)
        answer = await browser.post(house.page, data={"form": form_of(page), "said": "ack"})
        assert "accepted: acknowledged by eve" in text_of(answer)
        sure = await browser.get(house.page, params={"step": "false_positive"})
        assert "Yes, nothing was wrong" in text_of(sure)
        await browser.post(house.page, data={"form": form_of(sure), "said": "false_positive"})
        seen = await house.reaches(State.FALSE_POSITIVE)
        await asyncio.wait_for(house.handle.result(), _HANGS_AFTER_S)
    rows = [(r.actor, r.door, r.action) for r in house.world.audit.rows(seen.incident)]
    assert ("eve", "console", "ack") in rows
    assert ("eve", "console", "false_positive") in rows


async def test_a_merge_on_the_page_says_why_and_is_proven_in_both_incidents(temporal_client: Client) -> None:
    async with asking(temporal_client) as house, house.browser() as browser:
        other = await house.world.open(temporal_client, anomaly(service="catalogue"), key=f"{house.view.key}-other")
        into = (await other.query(IncidentWorkflow.view)).incident
        await log_in(browser, "eve")
        said = await form(browser, house, "merge", into=into)
        unsaid = await browser.post(house.page, data=said)
        assert "a merge says why" in text_of(unsaid)
        answer = await browser.post(house.page, data={**said, "comment": "the same release"})
        assert f"accepted: merged into {into} by eve: the same release" in text_of(answer)
        seen = await house.reaches(State.MERGED)
        await asyncio.wait_for(house.handle.result(), _HANGS_AFTER_S)
        taken = await other.query(IncidentWorkflow.view)
        await other.signal("resolve", {"who": "the test"})
        await asyncio.wait_for(other.result(), _HANGS_AFTER_S)
    assert {a.service for a in taken.anomalies} == {"orders", "catalogue"}
    rows = {i: [(r.actor, r.door, r.action) for r in house.world.audit.rows(i)] for i in (seen.incident, into)}
    assert ("eve", "console", "merge") in rows[seen.incident]
    assert (f"eve (as {seen.incident} tells)", "signal", "merge") in rows[into], "it knows of eve by hearsay only"


# -- cheats ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cheat", "changes", "headers"),
    [
        ("no form token", {"form": ""}, {}),
        ("an invented form token", {"form": "0" * 64}, {}),
        ("a post from another site", {}, {"sec-fetch-site": "cross-site"}),
        ("a post from another host of the same site", {}, {"sec-fetch-site": "same-site"}),
        ("a post with another origin", {}, {"origin": "https://evil.example"}),
        ("a post from a sandboxed frame", {}, {"origin": "null"}),
    ],
)
async def test_a_form_that_we_did_not_show_does_nothing(
    temporal_client: Client, cheat: str, changes: dict[str, str], headers: dict[str, str]
) -> None:
    async with asking(temporal_client) as house, house.browser() as browser:
        await log_in(browser)
        sent = await form(browser, house)
        answer = await browser.post(house.page, data={**sent, **changes}, headers=headers)
        seen = await house.seen()
    assert answer.status_code == 403, cheat
    assert "so nothing was done" in text_of(answer)
    assert seen.decisions == ()
    assert not house.ran


async def test_the_form_of_somebody_else_does_nothing(temporal_client: Client) -> None:
    async with asking(temporal_client) as house, house.browser() as ana, house.browser() as eve:
        await log_in(ana)
        await log_in(eve, "eve")
        hers = form_of(await eve.get("/incidents"))
        answer = await ana.post(house.page, data={"form": hers, "said": "approve", "digest": house.request.digest})
        seen = await house.seen()
    assert answer.status_code == 403
    assert seen.decisions == ()


async def test_a_forged_an_expired_and_an_ended_session_are_nobody(temporal_client: Client) -> None:
    async with asking(temporal_client) as house, house.browser() as browser:
        ana = house.known.directory.named("ana")
        assert ana is not None
        now = datetime.now(UTC)
        fresh = house.known.sessions.begin(ana, now)
        old = house.known.sessions.begin(ana, now - timedelta(hours=12, seconds=1))
        body, _, code = fresh.partition(".")
        other = known(TemporalEar(temporal_client), key=SecretStr("another key for tests, as long as it"))
        for cookie in (old, f"{body}.{'0' * 64}", f"{body[:-4]}AAAA.{code}", body, "", other.sessions.begin(ana, now)):
            page = await browser.get(house.page, headers={"cookie": f"nightshift={cookie}"})
            assert "You are not logged in." in text_of(page), cookie
        await log_in(browser)
        kept = browser.cookies["nightshift"]
        await browser.post("/logout", data={"form": form_of(await browser.get("/incidents"))})
        stolen = await browser.get(house.page, headers={"cookie": f"nightshift={kept}"})
        assert "You are not logged in." in text_of(stolen)


async def test_a_word_without_proof_is_a_claim_and_above_the_limit_it_decides_nothing(temporal_client: Client) -> None:
    async with asking(temporal_client) as house:
        said = {"digest": house.request.digest, "who": "ana"}
        with pytest.raises(WorkflowUpdateFailedError) as refused:
            await update(house, said)
        assert "this door proves no identity" in str(refused.value.cause)
        with pytest.raises(WorkflowUpdateFailedError) as console:
            await update(house, {**said, "door": "console"})
        assert "comes with a proof only" in str(console.value.cause)
        assert not house.ran


async def test_a_claim_that_was_refused_keeps_nobody_from_proving_who_they_are(temporal_client: Client) -> None:
    """She approves without a login and is refused, logs in, and says the same again."""
    async with asking(temporal_client) as house, house.browser() as program:
        said = {"digest": house.request.digest, "verdict": "approve", "who": "ana", "comment": "", "door": "cli"}
        claimed = await TemporalEar(temporal_client, _HANGS_AFTER_S).tell(
            house.view, "decide", said, decision_key(said, house.view)
        )
        proven = await program.post(
            f"/api/incidents/{house.view.incident}/decision",
            json={"digest": house.request.digest, "verdict": "approve"},
            headers={"authorization": f"Bearer {password('ana')}"},
        )
    assert claimed.became is Became.REFUSED
    assert "this door proves no identity" in claimed.text
    assert proven.json() == {"outcome": "accepted", "text": "accepted: approve by ana"}


async def test_whoever_may_write_to_the_namespace_cannot_use_up_a_proven_decision(temporal_client: Client) -> None:
    """Everything in its key but the mark can be known: sent before, with whatever data, it is not her answer."""
    async with asking(temporal_client) as house, house.browser() as browser:
        await log_in(browser)
        said = {"digest": house.request.digest, "verdict": "approve", "who": "ana"}
        for door in Door:
            key = decision_key({**said, "door": door}, house.view)
            with pytest.raises(WorkflowUpdateFailedError):
                await house.handle.execute_update("decide", said, id=key)  # pyright: ignore[reportUnknownMemberType]
        answer = await browser.post(house.page, data=await form(browser, house))
    assert "accepted: approve by ana" in text_of(answer)


async def test_the_same_question_asked_again_is_another_one(temporal_client: Client) -> None:
    """An undo is asked about with the same digest: what was refused before is no answer to it. Just decided, it is."""
    async with asking(temporal_client) as house:
        said = {"digest": house.request.digest, "verdict": "approve", "who": "ana", "door": "cli"}
        key = decision_key(said, house.view)
        later = house.request.model_copy(update={"asked_at": house.request.asked_at + timedelta(minutes=5)})
        assert decision_key(said, house.view.model_copy(update={"waiting": later})) != key
        ana = house.known.directory.named("ana")
        assert ana is not None
        await house.known.desk.decide(ana, Door.CLI, house.view, digest=house.request.digest, verdict=Verdict.APPROVE)
        decided = await house.until(lambda view: view.waiting is None)
    assert decision_key(said, decided) == key


async def test_forged_and_replayed_proofs_are_refused_and_recorded(temporal_client: Client) -> None:
    """Another key, another incident, another digest, an old one, and one whose words were exchanged on the way."""
    async with asking(temporal_client) as house:
        ana = house.known.directory.named("ana")
        assert ana is not None
        now = datetime.now(UTC)

        def words(speech: Speech, at: datetime = now, **more: Any) -> dict[str, str]:
            facts: dict[str, Any] = {"incident": house.view.incident, "digest": house.request.digest,
                                     "verdict": Verdict.APPROVE, **more}  # fmt: skip
            return speech.decision(ana, Door.CONSOLE, at, **facts)

        ours, theirs = Speech(KEY), Speech(SecretStr("another key for tests, as long as it"))
        genuine = words(ours)
        cheats = {
            "the key of somebody else": words(theirs),
            "the proof of another incident": words(ours, incident="INC-20260101-OTHER1"),
            "the proof of another plan": {**words(ours, digest="0" * 64), "digest": house.request.digest},
            "the proof of a rejection": {**words(ours, verdict=Verdict.REJECT), "verdict": "approve"},
            "the proof of somebody else": {**genuine, "who": "mia"},
            "another door": {**genuine, "door": "slack"},
            "no code": {**genuine, "proof": ""},
        }
        for cheat, payload in cheats.items():
            with pytest.raises(WorkflowUpdateFailedError) as refused:
                await update(house, payload)
            assert "the proof does not fit what was said" in str(refused.value.cause), cheat
        with pytest.raises(WorkflowUpdateFailedError) as late:
            await update(house, words(ours, now - timedelta(minutes=2)))
        assert "is older than 60 s" in str(late.value.cause)
        seen = await house.seen()
        assert sum("refused: the proof" in entry.text for entry in seen.timeline) == len(cheats) + 1
        assert seen.decisions == ()
        assert not house.ran
        assert await update(house, words(ours)) == "accepted: approve by ana"


async def test_a_worker_without_the_key_believes_nobody(temporal_client: Client) -> None:
    async with asking(temporal_client, key=None) as house, house.browser() as browser:
        await log_in(browser)
        answer = await browser.post(house.page, data=await form(browser, house))
        seen = await house.seen()
    assert "the worker has no NIGHTSHIFT_IDENTITY_KEY" in text_of(answer)
    assert seen.decisions == ()


async def test_the_key_and_the_tokens_are_in_no_history(temporal_client: Client) -> None:
    async with asking(temporal_client) as house, house.browser() as browser:
        await log_in(browser)
        await browser.post(house.page, data=await form(browser, house))
        history = (await house.handle.fetch_history()).to_json()
    assert "decide" in history
    for secret in (KEY.get_secret_value(), password("ana")):
        assert secret not in history


async def test_guessing_tokens_ends_soon_and_says_when_to_come_back(temporal_client: Client) -> None:
    async with asking(temporal_client) as house, house.browser() as browser:
        answers = [await log_in(browser, "ana", f"nst_00000000_{n}") for n in range(6)]
        right = await log_in(browser, "ana")
        other = await log_in(browser, "mia")
    assert [a.status_code for a in answers] == [401] * 5 + [429]
    assert int(answers[-1].headers["retry-after"]) > 0
    assert right.status_code == 303, "behind a proxy the guesser and ana are one peer: who has the token gets in"
    assert other.status_code == 303, "others are not shut out"


async def test_the_token_of_somebody_else_does_not_fit_a_name(temporal_client: Client) -> None:
    async with asking(temporal_client) as house, house.browser() as browser:
        assert (await log_in(browser, "ana", password("eve"))).status_code == 401


async def test_a_proxys_header_counts_from_the_proxy_alone(temporal_client: Client) -> None:
    proxy = TrustedProxy("x-forwarded-user", (ip_network("10.9.0.0/24"),))
    async with asking(temporal_client, proxy=proxy) as house:
        name = {"x-forwarded-user": "ana"}
        async with house.browser("10.9.0.7") as inside, house.browser("10.1.1.1") as outside:
            known_there = text_of(await inside.get(house.page, headers=name))
            spoofed = text_of(await outside.get(house.page, headers=name))
            doubled = text_of(
                await inside.get(house.page, headers=[("x-forwarded-user", "ana"), *[("x-forwarded-user", "eve")]])
            )
            by_mail = text_of(await inside.get(house.page, headers={"x-forwarded-user": "mia@example.com"}))
            forged = await outside.post(
                house.page, headers=name, data={"said": "approve", "digest": house.request.digest}
            )
            form_there = form_of(await inside.get(house.page, params={"step": "approve"}, headers=name))
            sent = {"said": "approve", "digest": house.request.digest, "form": form_there}
            accepted = await inside.post(house.page, headers=name, data=sent)
    assert "You decide as ana (ana@example.com), known by your proxy" in known_there
    assert "You are not logged in." in spoofed
    assert "You are not logged in." in doubled
    assert "You decide as mia" in by_mail
    assert forged.status_code == 401
    assert "accepted: approve by ana" in text_of(accepted)


# -- the starter's address for programs ------------------------------------------------------------------------------


async def test_programs_decide_with_a_persons_token(temporal_client: Client) -> None:
    async with asking(temporal_client) as house, house.browser() as program:
        path = f"/api/incidents/{house.view.incident}"
        said = {"digest": house.request.digest[:8], "verdict": "approve"}
        ana = {"authorization": f"Bearer {password('ana')}"}
        eve = {"authorization": f"Bearer {password('eve')}"}
        assert (await program.get("/api/me", headers=ana)).json() == {"name": "ana", "approves_up_to": "HIGH"}
        stranger = await program.post(f"{path}/decision", json=said)
        nobody = await program.post(f"{path}/decision", json=said, headers={"authorization": "Bearer nst_00000000_x"})
        not_allowed = await program.post(f"{path}/decision", json=said, headers=eve)
        wrong = await program.post(f"{path}/decision", json={**said, "verdict": "aprove"}, headers=ana)
        by_form = await program.post(f"{path}/decision", data=said, headers=ana)
        acked = await program.post(f"{path}/command", json={"command": "ack"}, headers=eve)
        accepted = await program.post(f"{path}/decision", json=said, headers=ana)
        late = await program.post(f"{path}/decision", json={**said, "verdict": "reject"}, headers=ana)
        seen = await house.seen()
    assert (stranger.status_code, nobody.status_code) == (401, 401)
    assert (not_allowed.status_code, not_allowed.json()["outcome"]) == (409, "refused")
    assert "'eve' is not an approver" in not_allowed.json()["text"]
    assert wrong.status_code == 422
    assert by_form.status_code == 415
    assert acked.json() == {"outcome": "accepted", "text": "accepted: acknowledged by eve"}
    assert accepted.json() == {"outcome": "accepted", "text": "accepted: approve by ana"}
    assert late.json()["text"].startswith("refused: already decided: approve by ana at ")
    assert [(d.who, d.door, d.proven) for d in seen.decisions] == [("ana", Door.CLI, True)]


# -- Temporal's own web UI -------------------------------------------------------------------------------------------


async def test_whatever_is_sent_from_temporals_web_ui_is_answered_and_the_right_one_still_works(
    temporal_client: Client,
) -> None:
    """As the UI sends it: no payload for an empty box, else one in `json/plain`; no identity at all."""
    async with asking(temporal_client, CLAIMED) as house:
        digest = house.request.digest
        right = f'{{"digest": "{digest}", "who": "ana", "comment": ""}}'.encode()
        wrong = (
            ("approve", None, "it came without data"),
            ("approve", b'"yes please"', "the data is not JSON"),
            ("approve", b"[1, 2]", "the data is a list"),
            ("approve", f'{{"digets": "{digest}", "who": "ana"}}'.encode(), "unknown field 'digets'"),
            ("approve", b'{"digest": "00000000", "who": "ana"}', "digest 00000000 is not"),
            ("aprove", right, "there is no signal 'aprove'"),
            ("change", right, "a change names what is wanted"),
        )
        for number, (name, data, words) in enumerate(wrong, start=1):
            await signal_as_the_ui(temporal_client, house.handle.id, name, data)
            seen = await house.until(partial(_answered, words))
            assert words in current_details(seen), number
        assert f'"digest": "{digest}"' in current_details(await house.seen()), "the block to copy"
        await signal_as_the_ui(temporal_client, house.handle.id, "approve", right)
        seen = await house.reaches(State.ACTING, State.VERIFYING, State.WATCHING)
    assert "by signal: accepted: approve by ana (claimed)" in str(seen.last_decision)
    assert [(d.who, d.door, d.proven) for d in seen.decisions] == [("ana", Door.SIGNAL, False)]
    assert seen.attempts[0].approved_by == "ana (claimed)"


def _answered(words: str, view: IncidentView) -> bool:
    return words in str(view.last_decision)


async def signal_as_the_ui(client: Client, workflow: str, name: str, data: bytes | None) -> None:
    payload = Payload(metadata={"encoding": b"json/plain"}, data=data or b"")
    await client.workflow_service.signal_workflow_execution(SignalWorkflowExecutionRequest(
        namespace=client.namespace, workflow_execution=WorkflowExecution(workflow_id=workflow), signal_name=name,
        input=Payloads(payloads=[payload]) if data is not None else None, identity="",
    ))  # fmt: skip


async def update(house: House, payload: dict[str, str]) -> str:
    return await house.handle.execute_update("decide", payload, result_type=str)  # pyright: ignore[reportUnknownMemberType]
