"""Alertmanager's webhook: whatever is sent has a clear answer, and what is accepted is a valid anomaly."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from domain.anomaly import AlertStatus, Anomaly
from domain.identity import group_key
from domain.levels import Severity
from starter.app import create_app
from starter.away import TemporalAway
from starter.parts import Parts
from starter.webhooks.body import Refused, parse
from starter.webhooks.prometheus import LARGEST_STORM, Delivery, anomalies_of, understood
from tests.fakes import FakeIntake
from tests.parts import parts_with

NOW = datetime(2026, 1, 31, 3, 7, tzinfo=UTC)
TOKEN = "correct horse battery staple"
PATH = "/webhooks/prometheus"


def alert(**changes: Any) -> dict[str, Any]:
    known = {
        "status": "firing",
        "labels": {"alertname": "HighErrorRatio", "service": "orders", "severity": "critical"},
        "annotations": {"summary": "5xx at 31 %", "value": "0.31", "threshold": "0.05"},
        "startsAt": "2026-01-31T03:06:00.123456789Z",
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus:9090/graph?g0.expr=error_ratio+%3E+0.05&g0.tab=1",
        "fingerprint": "8bd1d0a7c1d6f4e1",
    }
    return known | changes


def delivery(*alerts: object, **changes: Any) -> dict[str, Any]:
    return {"version": "4", "groupKey": "{}:{}", "status": "firing", "alerts": list(alerts)} | changes


def taken(content: Any) -> Sequence[Anomaly]:
    return anomalies_of(understood(parse(Delivery, content))[0], NOW)


def translated(*alerts: dict[str, Any]) -> Sequence[Anomaly]:
    return taken(delivery(*alerts))


def accepted_or_refused(content: Any) -> Sequence[Anomaly] | Refused:
    try:
        return taken(content)
    except Refused as refusal:
        return refusal


async def post(parts: Parts, body: bytes | dict[str, Any], **headers: str) -> httpx.Response:
    return await post_from("127.0.0.1", parts, body, **headers)


async def post_from(peer: str, parts: Parts, body: bytes | dict[str, Any], **headers: str) -> httpx.Response:
    transport = httpx.ASGITransport(create_app(parts), client=(peer, 50_000))
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    sent = {"content-type": "application/json"} | {name.replace("_", "-"): text for name, text in headers.items()}
    async with httpx.AsyncClient(transport=transport, base_url="http://nightshift") as http:
        return await http.post(PATH, content=content, headers=sent)


def test_an_alert_keeps_what_its_sender_said() -> None:
    (seen,) = translated(alert())
    assert seen == Anomaly(
        source="prometheus",
        fingerprint="8bd1d0a7c1d6f4e1",
        name="HighErrorRatio",
        service="orders",
        title="5xx at 31 %",
        starts_at=datetime(2026, 1, 31, 3, 6, 0, 123456, tzinfo=UTC),
        seen_at=NOW,
        severity_label=Severity.CRITICAL,
        labels={"alertname": "HighErrorRatio", "service": "orders", "severity": "critical"},
        actual=0.31,
        expected=0.05,
        expression="error_ratio > 0.05",
        link="http://prometheus:9090/graph?g0.expr=error_ratio+%3E+0.05&g0.tab=1",
    )


@pytest.mark.parametrize("text", ["31 %", "NaN", "+Inf", "1e999", "", "none"])
def test_a_value_that_is_no_finite_number_is_no_number(text: str) -> None:
    (seen,) = translated(alert(annotations={"value": text, "threshold": text}))
    assert (seen.actual, seen.expected) == (None, None)


@pytest.mark.parametrize(
    ("labels", "service"),
    [
        ({"service": "a", "app": "b", "job": "c", "namespace": "d"}, "a"),
        ({"app": "b", "job": "c", "namespace": "d"}, "b"),
        ({"job": "c", "namespace": "d"}, "c"),
        ({"namespace": "d"}, "d"),
        ({"service": " \n ", "job": "c"}, "c"),
        ({"alertname": "Watchdog"}, "Watchdog"),
        ({}, "unknown"),
    ],
)
def test_the_service_is_named_by_the_first_label_that_is_there(labels: dict[str, str], service: str) -> None:
    (seen,) = translated(alert(labels=labels))
    assert seen.service == service


def test_an_alert_without_a_name_is_called_unknown() -> None:
    (seen,) = translated(alert(labels={"service": "orders"}))
    assert seen.name == "unknown"


@pytest.mark.parametrize(
    ("label", "level"), [("page", "CRITICAL"), ("error", "HIGH"), ("info", "LOW"), ("x", "MEDIUM"), (None, "MEDIUM")]
)
def test_the_severity_label_is_read_by_the_table_of_the_domain(label: str | None, level: str) -> None:
    (seen,) = translated(alert(labels={"service": "orders"} | ({"severity": label} if label else {})))
    assert seen.severity_label == level


def test_without_a_fingerprint_the_labels_identify_the_series() -> None:
    first, second = alert(labels={"a": "1"}), alert(labels={"a": "2"})
    del first["fingerprint"], second["fingerprint"]
    one, other = translated(first, second)
    assert one.fingerprint != other.fingerprint
    assert translated(first)[0].fingerprint == one.fingerprint


def test_a_link_that_a_browser_would_run_is_no_link() -> None:
    (seen,) = translated(alert(generatorURL="javascript:alert(1)", annotations={"runbook_url": "data:text/html,x"}))
    assert (seen.link, seen.runbook) == (None, None)


def test_a_label_that_would_have_to_be_cut_is_left_out_because_alerts_are_looked_up_by_their_labels() -> None:
    (seen,) = translated(alert(labels={"service": "orders", "pod": "p" * 400, "zone": "a\u202eb"}))
    assert seen.labels == {"service": "orders"}


def test_texts_are_one_line_without_invisible_characters_and_cut() -> None:
    (seen,) = translated(alert(annotations={"summary": "\x1b[31mred\x00\nline\u202e " + "x" * 5_000}))
    assert seen.title.startswith("[31mred line x")
    assert len(seen.title) == 300


def test_an_onset_that_lies_ahead_is_ours() -> None:
    (seen,) = translated(alert(startsAt="2031-01-01T00:00:00Z"))
    assert seen.starts_at == NOW


def test_of_two_alerts_of_one_series_in_a_delivery_the_newer_one_counts() -> None:
    resolved = alert(status="resolved", endsAt="2026-01-31T03:06:30Z")
    (seen,) = translated(alert(), resolved)
    assert seen.status is AlertStatus.RESOLVED
    assert seen.ends_at == datetime(2026, 1, 31, 3, 6, 30, tzinfo=UTC)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)
TIMES = st.one_of(
    st.datetimes(timezones=st.timezones() | st.just(UTC)).map(datetime.isoformat),
    st.sampled_from(["0001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "", "now"]),
    st.integers(),
)
TEXTS = st.dictionaries(
    st.sampled_from(["alertname", "service", "job", "severity", "value", "threshold", "summary", "runbook_url"])
    | st.text(max_size=8),
    st.text(max_size=60) | st.floats().map(str),
    max_size=6,
)
ALERTS = st.fixed_dictionaries(
    {"status": st.sampled_from(["firing", "resolved", "pending"])},
    optional={
        "labels": TEXTS | st.none() | JSON,
        "annotations": TEXTS | st.none() | JSON,
        "startsAt": TIMES,
        "endsAt": TIMES,
        "generatorURL": st.text(max_size=60) | st.sampled_from(["http://[", "http://x/?g0.expr=%00%ff", "//@:x"]),
        "fingerprint": st.text(max_size=20) | st.integers(),
    },
)


WELL_TYPED = st.fixed_dictionaries(
    {"status": st.sampled_from(["firing", "resolved"]), "labels": TEXTS, "annotations": TEXTS},
    optional={"startsAt": st.datetimes(timezones=st.just(UTC)).map(datetime.isoformat), "generatorURL": st.text()},
)


@given(st.lists(WELL_TYPED, max_size=5).map(lambda alerts: delivery(*alerts)))
@settings(max_examples=200, deadline=None)
def test_any_texts_in_the_right_places_are_accepted(content: Any) -> None:
    must_be_valid(taken(content))


@given(st.lists(ALERTS, max_size=5).map(lambda alerts: delivery(*alerts)) | JSON)
@settings(max_examples=200, deadline=None)
def test_any_content_is_either_refused_with_a_reason_or_becomes_valid_anomalies(content: Any) -> None:
    seen = accepted_or_refused(content)
    if isinstance(seen, Refused):
        assert seen.status == 422
        assert 0 < len(str(seen)) < 600
        return
    must_be_valid(seen)


def must_be_valid(seen: Sequence[Anomaly]) -> None:
    assert len({a.series for a in seen}) == len(seen)
    for anomaly in seen:
        assert Anomaly.model_validate_json(anomaly.model_dump_json()) == anomaly
        assert anomaly.name
        assert anomaly.service
        assert anomaly.starts_at <= NOW
        assert anomaly.starts_at.utcoffset() == timedelta(0)
        assert group_key(anomaly).isascii()


@given(st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()))
@settings(max_examples=100, deadline=None)
async def test_no_body_makes_the_server_fail(body: bytes) -> None:
    answer = await post(parts_with(FakeIntake()), body)
    assert answer.status_code in {200, 202, 400, 422}
    assert answer.json()["status"] in {"ignored", "accepted", "refused"}


async def test_a_firing_alert_is_accepted_with_the_key_of_its_incident() -> None:
    answer = await post(parts_with(FakeIntake()), delivery(alert(), alert(fingerprint="other")))
    assert answer.status_code == 202
    assert answer.json() == {"status": "accepted", "anomalies": 2, "incidents": ["incident-orders"]}


async def test_a_resolved_alert_that_nobody_knows_is_ignored_with_the_reason() -> None:
    answer = await post(parts_with(FakeIntake()), delivery(alert(status="resolved")))
    assert answer.status_code == 200
    assert answer.json()["status"] == "ignored"
    assert "nothing is firing" in answer.json()["reason"]


async def test_the_same_delivery_twice_is_accepted_twice_for_one_incident() -> None:
    intake = FakeIntake()
    parts = parts_with(intake)
    first, second = [(await post(parts, delivery(alert()))).json() for _ in range(2)]
    assert first == second
    assert set(intake.told) == {"incident-orders"}


async def test_a_wrong_field_is_named_with_its_value() -> None:
    answer = await post(parts_with(FakeIntake()), delivery(alert(labels={"service": 7})))
    assert answer.status_code == 422
    assert answer.json()["error"].startswith("alerts[0].labels.service: 7:")


async def test_a_missing_field_is_named() -> None:
    answer = await post(parts_with(FakeIntake()), {"version": "4"})
    assert (answer.status_code, answer.json()["error"]) == (422, "alerts: is missing")


async def test_a_bad_alert_is_named_and_the_good_ones_beside_it_are_taken() -> None:
    intake = FakeIntake()
    parts = parts_with(intake)
    bad = alert(labels={"service": 7}), alert(status="pending"), "no alert at all"
    answer = await post(parts, delivery(alert(), *bad, alert(fingerprint="other")))
    assert answer.status_code == 202
    said = answer.json()
    assert (said["anomalies"], said["incidents"], said["refused"]) == (2, ["incident-orders"], 3)
    for error, named in zip(said["errors"], ("[1].labels.service: 7:", "[2].status: 'pending':", "[3]: 'no alert"),
                            strict=True):  # fmt: skip
        assert error.startswith(f"alerts{named}")
    assert {a.fingerprint for a in intake.told["incident-orders"]} == {alert()["fingerprint"], "other"}
    count = parts.metrics.registry.get_sample_value
    assert count("nightshift_webhook_alerts_refused_total", {"sender": "prometheus"}) == 3
    assert count("nightshift_webhook_deliveries_total", {"sender": "prometheus", "outcome": "accepted"}) == 1


async def test_a_bad_alert_is_named_even_when_the_rest_of_its_delivery_is_no_news() -> None:
    answer = await post(parts_with(FakeIntake()), delivery(alert(status="resolved"), alert(startsAt="yesterday")))
    assert (answer.status_code, answer.json()["status"], answer.json()["refused"]) == (200, "ignored", 1)
    assert answer.json()["errors"][0].startswith("alerts[1].startsAt: 'yesterday':")


async def test_a_delivery_of_bad_alerts_alone_is_refused_and_each_is_counted() -> None:
    intake = FakeIntake()
    parts = parts_with(intake)
    answer = await post(parts, delivery(alert(labels={"service": 7}), alert(status="pending")))
    assert answer.status_code == 422
    assert answer.json()["error"].startswith("alerts[0].labels.service: 7:")
    assert answer.json()["error"].endswith("(the first of 2 alerts, all refused)")
    assert intake.told == {}
    count = parts.metrics.registry.get_sample_value
    assert count("nightshift_webhook_alerts_refused_total", {"sender": "prometheus"}) == 2


async def test_malformed_json_is_refused() -> None:
    answer = await post(parts_with(FakeIntake()), b'{"alerts": [')
    assert answer.status_code == 400
    assert "not JSON" in answer.json()["error"]


async def test_a_body_beyond_the_limit_is_refused_however_it_is_sent() -> None:
    parts = parts_with(FakeIntake())
    answer = await post(parts, b" " * (LARGEST_STORM + 1))
    assert answer.status_code == 413
    counted = {"sender": "prometheus", "outcome": "too_large"}
    assert parts.metrics.registry.get_sample_value("nightshift_webhook_deliveries_total", counted) == 1


async def test_a_storm_in_one_delivery_is_taken_to_its_last_alert() -> None:
    intake = FakeIntake()
    storm = [alert(fingerprint=f"{n:x}", annotations={"description": "y" * 300}) for n in range(5000)]
    answer = await post(parts_with(intake), delivery(*storm))
    assert (answer.status_code, answer.json()["anomalies"]) == (202, 5000)


async def test_a_form_of_a_web_page_is_refused() -> None:
    answer = await post(parts_with(FakeIntake()), delivery(alert()), content_type="text/plain")
    assert answer.status_code == 415


async def test_with_a_token_only_its_bearer_may_call() -> None:
    intake = FakeIntake()
    parts = replace(parts_with(intake), webhook_token=SecretStr(TOKEN))
    for header in ("", f"Basic {TOKEN}", "Bearer wrong", f"Bearer {TOKEN}x", "Bearer", TOKEN):
        refused = await post(parts, delivery(alert()), authorization=header)
        assert refused.status_code == 401
    assert intake.told == {}
    accepted = await post_from("192.0.2.7", parts, delivery(alert()), authorization=f"Bearer {TOKEN}")
    assert accepted.status_code == 202


@pytest.mark.parametrize(("peer", "status"), [("127.0.0.1", 202), ("::1", 202), ("192.0.2.7", 403), ("10.0.0.1", 403)])
async def test_without_a_token_only_this_machine_may_call(peer: str, status: int) -> None:
    assert (await post_from(peer, parts_with(FakeIntake()), delivery(alert()))).status_code == status


async def test_without_a_token_a_proxy_on_this_machine_does_not_open_the_door_to_the_world() -> None:
    answer = await post(parts_with(FakeIntake()), delivery(alert()), x_forwarded_for="192.0.2.7")
    assert answer.status_code == 403


async def test_when_temporal_is_away_the_sender_is_told_to_repeat() -> None:
    answer = await post(parts_with(FakeIntake(TemporalAway("Temporal cannot be reached"))), delivery(alert()))
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    assert "send this again" in answer.json()["error"]


async def test_deliveries_are_counted_by_their_outcome() -> None:
    parts = parts_with(FakeIntake())
    await post(parts, delivery(alert()))
    await post(parts, b"{")
    sample = parts.metrics.registry.get_sample_value
    accepted = {"sender": "prometheus", "outcome": "accepted"}
    assert sample("nightshift_webhook_deliveries_total", accepted) == 1
    assert sample("nightshift_webhook_deliveries_total", accepted | {"outcome": "refused"}) == 1
    assert sample("nightshift_webhook_deliveries_total", accepted | {"outcome": "unavailable"}) == 0
