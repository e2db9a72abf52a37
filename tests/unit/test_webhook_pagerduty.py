"""PagerDuty's webhook: what is signed is believed, our own pages come back to us, and only others' become anomalies."""

import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from domain.anomaly import AlertStatus, Anomaly
from domain.approval import Door
from domain.command import CommandName
from domain.levels import Severity
from starter.app import create_app
from starter.away import TemporalAway
from starter.parts import Parts
from starter.webhooks.body import Refused
from starter.webhooks.pagerduty.events import happened
from starter.webhooks.pagerduty.signature import signed
from starter.webhooks.pagerduty.translation import Home, Word, translated
from tests.fakes import FakeIntake, FakeSynchroniser
from tests.parts import parts_with
from workflows.contract import Synchronise

NOW = datetime(2026, 1, 31, 3, 7, tzinfo=UTC)
OURS = "INC-20260131-7F3K2A"
SECRET, OTHER = "the-secret-of-the-subscription", "the-secret-before-the-rotation"
HOME = Home("default", "PF9KMXH")
TOKEN = "correct horse battery staple"
MIA = {"id": "PMIA001", "type": "user_reference", "summary": "Mia Maier"}
ROBOT = {"id": "PSVC001", "type": "service_reference", "summary": "Checkout"}


def data(**changes: Any) -> dict[str, Any]:
    known: dict[str, Any] = {
        "id": "PGR0VU2", "type": "incident", "number": 2, "status": "triggered", "incident_key": "d3640fbd4109",
        "created_at": "2026-01-31T03:06:00Z", "title": "A little bump in the road", "urgency": "high",
        "html_url": "https://acme.example.com/incidents/PGR0VU2",
        "service": {"id": "PF9KMXH", "type": "service_reference", "summary": "checkout"},
        "escalation_policy": {"id": "PUS0KTE", "type": "escalation_policy_reference", "summary": "Default"},
    }  # fmt: skip
    return known | changes


def v3(kind: str = "incident.triggered", agent: Any = MIA, event: str = "e1", **changes: Any) -> dict[str, Any]:
    return {"event": {
        "id": event, "event_type": kind, "resource_type": "incident", "occurred_at": "2026-01-31T03:06:30Z",
        "agent": agent, "client": None, "data": data(**changes),
    }}  # fmt: skip


def v2(*kinds: str, agent: Any = MIA, **changes: Any) -> dict[str, Any]:
    return {"messages": [
        {"id": f"m{n}", "event": kind, "created_on": "2026-01-31T03:06:30Z", "incident": data(**changes),
         "log_entries": [{"agent": agent}]}
        for n, kind in enumerate(kinds)
    ]}  # fmt: skip


def read(content: Any) -> Sequence[Anomaly | Word | str]:
    return [s if isinstance(s, str) else translated(s, HOME, NOW) for s in happened(content, NOW)]


def one(content: Any) -> Anomaly | Word | str:
    (only,) = read(content)
    return only


def signature(body: bytes, *secrets: str) -> str:
    """As the vendor's documentation says: HMAC-SHA256 of the body, base 16, v1= before each, commas between."""
    return ",".join("v1=" + hmac.new(s.encode(), body, hashlib.sha256).hexdigest() for s in secrets)


async def post(
    parts: Parts, content: Any, *, peer: str = "192.0.2.7", by: str | None = SECRET, **headers: str
) -> httpx.Response:
    """A delivery from somewhere, signed with the secret `by`, None: not signed."""
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    sent = {"content-type": "application/json"} | {name.replace("_", "-"): text for name, text in headers.items()}
    if by is not None:
        sent.setdefault("x-pagerduty-signature", signature(body, by))
    transport = httpx.ASGITransport(create_app(parts), client=(peer, 50_000))
    async with httpx.AsyncClient(transport=transport, base_url="http://nightshift") as http:
        return await http.post("/webhooks/pagerduty", content=body, headers=sent)


def parts(intake: FakeIntake | None = None, told: FakeSynchroniser | None = None) -> Parts:
    known = parts_with(intake or FakeIntake())
    secrets, told = (SecretStr(SECRET),), told or FakeSynchroniser(OURS)
    return replace(known, pagerduty_secrets=secrets, pagerduty_home=HOME, synchroniser=told)


# -- translation ------------------------------------------------------------------------------------------------------


def test_an_incident_of_somebody_else_keeps_title_service_and_policy() -> None:
    assert one(v3()) == Anomaly(
        source="pagerduty",
        fingerprint="PGR0VU2",
        name="A little bump in the road",
        service="checkout",
        title="A little bump in the road",
        starts_at=datetime(2026, 1, 31, 3, 6, tzinfo=UTC),
        seen_at=NOW,
        severity_label=Severity.HIGH,
        labels={
            "alertname": "pagerduty:PGR0VU2", "pagerduty_service": "checkout", "escalation_policy": "Default",
            "urgency": "high", "number": "2",
        },
        link="https://acme.example.com/incidents/PGR0VU2",
    )  # fmt: skip


@dataclass(frozen=True)
class Case:
    """`becomes`: the status of an anomaly, a command to our own incident, or a part of the reason it is ignored."""

    name: str
    content: dict[str, Any]
    becomes: AlertStatus | CommandName | str


KEY = f"nightshift:default:{OURS}"
FIRING, RESOLVED, ACK, RESOLVE = AlertStatus.FIRING, AlertStatus.RESOLVED, CommandName.ACK, CommandName.RESOLVE
CASES = (
    Case("an incident of somebody else opens", v3(), FIRING),
    Case("one that is reopened opens again", v3("incident.reopened", reopened_at="2026-01-31T03:06:30Z"), FIRING),
    Case("one that is resolved is over", v3("incident.resolved"), RESOLVED),
    Case("one that somebody acknowledged opens nothing", v3("incident.acknowledged"), "opens nothing"),
    Case("our own page is no news", v3(incident_key=OURS), f"our own page for {OURS}"),
    Case("somebody else's incident with our id for a key", v3("incident.resolved", incident_key=OURS,
         service={"id": "POTHER1", "type": "service_reference", "summary": "theirs"}), "another service"),
    Case("an incident without a service and with our id", v3("incident.resolved", incident_key=OURS, service=None),
         "another service"),
    Case("our own alert is no news", v3(incident_key=KEY), f"our own page for {OURS}"),
    Case("our own page, reopened, is no news", v3("incident.reopened", incident_key=OURS), "our own page"),
    Case("our own page acknowledged by a person", v3("incident.acknowledged", incident_key=OURS), ACK),
    Case("our own page resolved by a person", v3("incident.resolved", incident_key=OURS), RESOLVE),
    Case("our own alert acknowledged by a person", v3("incident.acknowledged", incident_key=KEY), ACK),
    Case("our own page resolved by their timeout", v3("incident.resolved", None, incident_key=OURS), "nobody did it"),
    Case("our own page resolved by an integration", v3("incident.resolved", ROBOT, incident_key=OURS), "nobody did it"),
    Case("a page of another installation", v3(incident_key=f"nightshift:staging:{OURS}"), "another installation"),
    Case("a key that only begins like ours", v3(incident_key="nightshift:"), "another installation"),
    Case("a key that only holds our id", v3(incident_key=f"x {OURS}"), FIRING),
    Case("an id in lower case is not ours", v3(incident_key=OURS.lower()), FIRING),
    Case("a title that names our id steers nothing", v3("incident.resolved", title=f"x ({OURS})"), "from a title"),
    Case("a title that names our id opens nothing", v3(incident_key=None, title=f"x ({OURS})"), "from a title"),
    Case("v2: an incident of somebody else", v2("incident.trigger"), FIRING),
    Case("v2: our own page acknowledged", v2("incident.acknowledge", incident_key=OURS), ACK),
    Case("v2: our own page resolved", v2("incident.resolve", incident_key=OURS), RESOLVE),
    Case("v2: our own page resolved by a timeout", v2("incident.resolve", agent=ROBOT, incident_key=OURS), "nobody"),
    Case("v2: our own alert, known by its key", v2("incident.acknowledge", incident_key=None,
         alerts=[{"alert_key": "other"}, {"alert_key": KEY}]), ACK),
    *(
        Case(f"{kind} is ignored", {"event": {"id": "e", "event_type": kind, "data": {}}}, "nothing that we follow")
        for kind in ("incident.annotated", "incident.unacknowledged", "incident.delegated", "service.updated",
                     "pagey.ping", "incident.TRIGGERED", "")
    ),
    *(Case(f"v2: {kind} is ignored", v2(kind), "nothing that we follow") for kind in ("incident.assign", "x")),
)  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_an_event_becomes(case: Case) -> None:
    seen = one(case.content)
    if isinstance(seen, Anomaly):
        assert seen.status is case.becomes
    elif isinstance(seen, Word):
        assert (seen.incident, seen.word.command) == (OURS, case.becomes)
    else:
        assert isinstance(case.becomes, str)
        assert not isinstance(case.becomes, AlertStatus | CommandName)
        assert case.becomes in seen


@pytest.mark.parametrize(
    ("urgency", "severity"), [("high", "HIGH"), ("low", "LOW"), (None, "MEDIUM"), ("severity_based", "MEDIUM")]
)
def test_urgency_is_severity(urgency: str | None, severity: str) -> None:
    seen = one(v3(urgency=urgency))
    assert isinstance(seen, Anomaly)
    assert seen.severity_label == severity


def test_a_reopened_incident_is_an_episode_of_its_own() -> None:
    """Within an episode *resolved* is final, so the start has to be a later one."""
    again, over = one(v3("incident.reopened", reopened_at="2026-01-31T03:06:30Z")), one(v3("incident.resolved"))
    assert isinstance(again, Anomaly)
    assert isinstance(over, Anomaly)
    assert again.starts_at > over.starts_at
    closed = one(v3("incident.resolved", reopened_at="2026-01-31T03:06:30Z"))
    assert isinstance(closed, Anomaly)
    assert closed.starts_at == again.starts_at


def test_the_word_for_our_own_incident_has_the_persons_name_and_the_door() -> None:
    seen = one(v3("incident.acknowledged", incident_key=OURS))
    assert seen == Word(OURS, Synchronise(
        event="e1", command=ACK, who="Mia Maier", door=Door.PAGERDUTY, at=datetime(2026, 1, 31, 3, 6, 30, tzinfo=UTC),
    ))  # fmt: skip


NO_EVENTS: tuple[tuple[Any, str], ...] = (
    ({}, "neither event (v3) nor messages (v2)"),
    ([], "neither event (v3) nor messages (v2)"),
    ({"event": {"event_type": "incident.triggered"}}, "event.id: is missing"),
    ({"event": {"id": "e", "event_type": "incident.triggered", "data": {}}}, "id: is missing"),
    ({"event": {"id": "e", "event_type": 7}}, "event.event_type: 7"),
    ({"messages": "many"}, "messages: 'many'"),
    ({"messages": [None] * 101}, "messages"),
)


@pytest.mark.parametrize(("content", "said"), NO_EVENTS)
def test_what_is_no_event_is_refused_with_the_name_of_the_field(content: Any, said: str) -> None:
    with pytest.raises(Refused) as refused:
        happened(content, NOW)
    assert said in str(refused.value)
    assert refused.value.status == 422


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)
TIMES = st.datetimes(timezones=st.timezones() | st.just(UTC)).map(datetime.isoformat) | st.sampled_from(
    ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "", "now"]
)
TEXT = st.text(max_size=60) | st.sampled_from([OURS, KEY, f"({OURS})", "nightshift:", "\ud800", "\x1b[2J\u202e"])
INCIDENTS = st.fixed_dictionaries(
    {"id": TEXT | st.integers()},
    optional={
        "title": TEXT | JSON, "incident_key": TEXT | JSON, "urgency": TEXT | JSON, "html_url": TEXT, "number": JSON,
        "created_at": TIMES | JSON, "reopened_at": TIMES | st.none(),
        "service": JSON | st.fixed_dictionaries({"summary": TEXT}),
        "alerts": JSON | st.lists(st.fixed_dictionaries({"alert_key": TEXT}), max_size=3),
    },
)  # fmt: skip
AGENTS = st.one_of(
    st.none(),
    JSON,
    st.fixed_dictionaries({"type": st.sampled_from(["user_reference", "user", "x"]), "summary": TEXT}),
)
NAMES = ["incident.triggered", "incident.acknowledged", "incident.resolved", "incident.trigger", "incident.resolve"]
TYPES = st.sampled_from(NAMES) | TEXT
EVENTS = st.fixed_dictionaries(
    {"id": TEXT, "event_type": TYPES}, optional={"occurred_at": TIMES, "agent": AGENTS, "data": INCIDENTS | JSON}
)
ENTRIES = st.lists(st.fixed_dictionaries({"agent": AGENTS}), max_size=2)
MESSAGES = st.fixed_dictionaries(
    {"id": TEXT, "event": TYPES}, optional={"created_on": TIMES, "incident": INCIDENTS, "log_entries": ENTRIES}
)
DELIVERIES = st.one_of(
    st.fixed_dictionaries({"event": EVENTS}),
    st.fixed_dictionaries({"messages": st.lists(MESSAGES, max_size=4)}),
    JSON,
)


def read_or_refused(content: Any) -> Sequence[Anomaly | Word | str] | Refused:
    try:
        return read(content)
    except Refused as refusal:
        return refusal


@given(DELIVERIES)
@settings(max_examples=200)
def test_any_content_is_refused_with_a_reason_or_becomes_something_valid(content: Any) -> None:
    seen = read_or_refused(content)
    if isinstance(seen, Refused):
        assert seen.status == 422
        assert 0 < len(str(seen)) < 600
        return
    for found in seen:
        match found:
            case Anomaly():
                assert Anomaly.model_validate_json(found.model_dump_json()) == found
                assert found.starts_at <= NOW
                assert found.starts_at.utcoffset() == timedelta(0)
                assert found.labels["alertname"].startswith("pagerduty:")
            case Word():
                assert found.incident == OURS
                assert Synchronise.model_validate_json(found.word.model_dump_json()) == found.word
                assert found.word.who
            case _:
                assert 0 < len(found) < 300


# -- who may send -----------------------------------------------------------------------------------------------------


BODY = b'{"event": "f\xc3\xbcr alle"}'


@pytest.mark.parametrize(
    ("header", "fits"),
    [
        pytest.param(signature(BODY, SECRET), True, id="the secret's own"),
        pytest.param(signature(BODY, OTHER, SECRET), True, id="the second of two, while secrets are rotated"),
        pytest.param(signature(BODY, OTHER, SECRET).replace(",", ", "), True, id="a blank after the comma"),
        pytest.param(signature(BODY, OTHER), False, id="another secret's"),
        pytest.param(signature(BODY + b" ", SECRET), False, id="another body's"),
        pytest.param(signature(BODY, SECRET).replace("v1=", "v2="), False, id="another version"),
        pytest.param(signature(BODY, SECRET)[3:], False, id="without its version"),
        pytest.param(signature(BODY, SECRET)[:-1], False, id="cut"),
        pytest.param(signature(BODY, SECRET).upper(), False, id="in capitals"),
        pytest.param("v1=", False, id="empty"),
        pytest.param("", False, id="none"),
        pytest.param("v1=\ud800,v1=ü", False, id="no hexadecimal"),
    ],
)
def test_a_signature_is_the_hmac_of_the_body_with_a_secret_of_ours(header: str, fits: bool) -> None:
    assert signed(header, BODY, [SecretStr(SECRET)]) is fits


def test_either_of_two_secrets_will_do() -> None:
    assert signed(signature(BODY, OTHER), BODY, [SecretStr(SECRET), SecretStr(OTHER)])


@given(st.text(max_size=200), st.binary(max_size=50))
def test_no_header_makes_the_check_fail_or_pass(header: str, body: bytes) -> None:
    assert not signed(header, body, [SecretStr(SECRET)])


async def test_what_is_signed_is_accepted_from_anywhere() -> None:
    intake = FakeIntake()
    answer = await post(parts(intake), v3())
    assert answer.status_code == 202
    assert answer.json() == {"status": "accepted", "anomalies": 1, "incidents": ["incident-checkout"]}


@pytest.mark.parametrize("peer", ["192.0.2.7", "127.0.0.1"])
async def test_what_is_forged_or_not_signed_is_refused_and_changes_nothing(peer: str) -> None:
    intake, told = FakeIntake(), FakeSynchroniser(OURS)
    known = parts(intake, told)
    for by in (OTHER, None):
        answer = await post(known, v3("incident.resolved", incident_key=OURS), by=by, peer=peer)
        assert answer.status_code == 401
        assert "x-pagerduty-signature" in answer.json()["error"]
    assert (intake.told, told.told) == ({}, [])


async def test_a_bearer_token_will_do_for_what_cannot_sign_but_a_wrong_signature_stays_wrong() -> None:
    known = replace(parts(), webhook_token=SecretStr(TOKEN))
    bearer = {"authorization": f"Bearer {TOKEN}"}
    assert (await post(known, v2("incident.trigger"), by=None, **bearer)).status_code == 202
    assert (await post(known, v2("incident.trigger"), by=None, authorization="Bearer wrong")).status_code == 401
    assert (await post(known, v3(), by=OTHER, **bearer)).status_code == 401


@pytest.mark.parametrize(("peer", "status"), [("127.0.0.1", 202), ("192.0.2.7", 403)])
async def test_without_secret_and_token_only_this_machine_may_call(peer: str, status: int) -> None:
    assert (await post(parts_with(FakeIntake()), v3(), peer=peer)).status_code == status


# -- what it answers --------------------------------------------------------------------------------------------------


async def test_an_acknowledgement_of_our_own_page_goes_to_our_incident_and_opens_none() -> None:
    intake, told = FakeIntake(), FakeSynchroniser(OURS)
    answer = await post(parts(intake, told), v3("incident.acknowledged", incident_key=OURS))
    assert (answer.status_code, answer.json()["synchronised"]) == (202, [OURS])
    assert [(incident, word.who) for incident, word in told.told] == [(OURS, "Mia Maier")]
    assert intake.told == {}


async def test_a_word_for_an_incident_that_is_over_is_ignored_with_the_reason() -> None:
    answer = await post(parts(told=FakeSynchroniser()), v3("incident.resolved", incident_key=OURS))
    assert (answer.status_code, answer.json()["reason"]) == (200, f"no incident {OURS} is open here")


async def test_events_that_we_do_not_follow_are_answered_well_or_the_subscription_would_be_disabled() -> None:
    answer = await post(parts(), v3("incident.annotated"))
    assert (answer.status_code, answer.json()["status"]) == (200, "ignored")
    assert "incident.annotated" in answer.json()["reason"]


async def test_messages_are_taken_in_together() -> None:
    intake, told = FakeIntake(), FakeSynchroniser(OURS)
    both = {"messages": v2("incident.acknowledge", incident_key=OURS)["messages"] + v2("incident.trigger")["messages"]}
    answer = await post(parts(intake, told), both)
    assert answer.json() == {
        "status": "accepted", "anomalies": 1, "incidents": ["incident-checkout"], "synchronised": [OURS]
    }  # fmt: skip


@pytest.mark.parametrize("content", [v3(), v3("incident.acknowledged", incident_key=OURS)], ids=["alert", "word"])
async def test_when_temporal_is_away_it_is_sent_again(content: dict[str, Any]) -> None:
    away = TemporalAway("Temporal cannot be reached")
    answer = await post(parts(FakeIntake(away), FakeSynchroniser(away=away)), content)
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0


@given(st.binary(max_size=200) | DELIVERIES.map(lambda value: json.dumps(value).encode()))
@settings(max_examples=60)
async def test_no_body_makes_the_server_fail(body: bytes) -> None:
    answer = await post(parts(), body)
    assert answer.status_code in {200, 202, 400, 422}
