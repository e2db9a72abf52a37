"""PagerDuty's Events API v2 through pdpyras, for installations that have routing keys only."""

from typing import Any

import pytest
from pydantic import SecretStr

from domain.escalation import Reason, Told
from domain.finding import Source
from domain.incident import State
from domain.levels import Severity
from domain.message import Message, Moment
from integrations.pagerduty import PagerDutyEvents
from integrations.ports import Rejected, Unavailable
from rig.servers.pagerduty import ROUTING_KEYS, PagerDutyServer, Trouble
from tests.adapters.test_pagerduty import message, only
from tests.unit.domain.examples import INCIDENT, NOW, diagnosis, minutes, request

KEY = f"nightshift:default:{INCIDENT}"


def channel(pager: PagerDutyServer, *tiers: int) -> PagerDutyEvents:
    keys = {tier: SecretStr(key) for tier, key in ROUTING_KEYS.items() if not tiers or tier in tiers}
    return PagerDutyEvents(keys, "default", url=pager.url, timeout_s=2.0)


def after(told: Message, *tiers: int) -> Message:
    """The message of an incident for which these tiers were told before."""
    before = tuple(Told(at=NOW, tier=tier, reasons=(Reason.UNRESOLVED,), awaits=True) for tier in tiers)
    clock = told.view.clock.model_copy(update={"told": before})
    return told.model_copy(update={"view": told.view.model_copy(update={"clock": clock})})


def test_an_alert_has_our_key_and_flat_details_in_reading_order(pager: PagerDutyServer) -> None:
    cause = diagnosis("F1").model_copy(
        update={"look_next": ("end the report", "then\nlook"), "not_seen": (Source.TRACES,)}
    )
    receipt = channel(pager).send(message(diagnosis=cause, waiting=request(), page_url="https://example.com/i"))
    (event,) = pager.account.events
    assert (event["dedup_key"], event["routing_key"], event["event_action"]) == (KEY, ROUTING_KEYS[2], "trigger")
    assert (event["client"], event["client_url"]) == ("Nightshift", "https://example.com/i")
    assert event["links"] == [{"href": "https://example.com/i", "text": "Page"}]
    assert event["payload"]["severity"] == "error"
    details = event["payload"]["custom_details"]
    assert list(details)[:3] == ["1_what", "2_since", "3_cause"]
    assert len(details) <= 12
    assert details["8_do_first"] == ["end the report", "then look"]
    assert details["5_not_seen"] == ["traces"]
    assert (details["6_tried"], details["id"], details["digest"]) == ("none", INCIDENT, request().digest[:8])
    assert receipt.reference == KEY


@pytest.mark.parametrize(
    ("severity", "level"),
    [(Severity.CRITICAL, "critical"), (Severity.HIGH, "error"), (Severity.MEDIUM, "warning"), (Severity.LOW, "info")],
)
def test_their_severities_are_ours(pager: PagerDutyServer, severity: Severity, level: str) -> None:
    channel(pager).send(message(severity=severity))
    assert pager.account.events[0]["payload"]["severity"] == level


def test_the_same_message_again_is_the_same_alert(pager: PagerDutyServer) -> None:
    for _ in range(2):
        channel(pager).send(message())
    assert (len(pager.incidents), len(pager.pages)) == (1, 1)


def test_a_higher_tier_is_called_by_its_own_routing_key(pager: PagerDutyServer) -> None:
    root = channel(pager).send(message(tier=2)).reference
    channel(pager).send(message(2, tier=1, root=root, reason=Reason.NOT_ACKNOWLEDGED))
    assert [event["routing_key"] for event in pager.account.events] == [ROUTING_KEYS[2], ROUTING_KEYS[1]]


def test_a_question_that_calls_upon_somebody_rings(pager: PagerDutyServer) -> None:
    channel(pager).send(message(1, Moment.APPROVAL, reason=Reason.APPROVAL_NEEDED, waiting=request()))
    assert len(pager.pages) == 1


@pytest.mark.parametrize("root", [None, KEY], ids=["an announcement", "a further reason"])
def test_what_calls_nobody_sends_nothing_and_says_so(pager: PagerDutyServer, root: str | None) -> None:
    """An alert rings when it opens: one that an announcement had opened could not call anybody later."""
    receipt = channel(pager).send(message(awaits=False, root=root, reason=Reason.ANNOUNCED))
    assert not pager.account.events
    assert receipt.detail == "nothing was sent: this calls nobody"


@pytest.mark.parametrize(
    ("moment", "action", "status"),
    [(Moment.ACKNOWLEDGED, "acknowledge", "acknowledged"), (Moment.CLOSED, "resolve", "resolved")],
)
def test_acknowledge_and_resolve_go_to_every_key_that_was_used(
    pager: PagerDutyServer, moment: Moment, action: str, status: str
) -> None:
    """By another key than the alert's own it would be dropped, and the first tier's phone would go on ringing."""
    root = channel(pager).send(message(tier=3)).reference
    channel(pager).send(message(2, tier=2, root=root))
    receipt = channel(pager).send(after(message(3, moment, root=root, tier=2, state=State.RESOLVED), 3, 2))
    followed = [event["routing_key"] for event in pager.account.events if event["event_action"] == action]
    assert followed == [ROUTING_KEYS[3], ROUTING_KEYS[2]]
    assert {incident.status for incident in pager.incidents} == {status}
    assert receipt.detail == f"{action} by 2 routing keys"


def test_one_key_that_fails_does_not_keep_the_others_from_being_told(pager: PagerDutyServer) -> None:
    root = channel(pager).send(message(tier=3)).reference
    channel(pager).send(message(2, tier=2, root=root))
    pager.fail(Trouble(status=503))
    over = after(message(3, Moment.CLOSED, root=root, state=State.RESOLVED), 3, 2)
    with pytest.raises(Unavailable):
        channel(pager).send(over)
    assert sorted(incident.status for incident in pager.incidents) == ["resolved", "triggered"]
    channel(pager).send(over)
    assert {incident.status for incident in pager.incidents} == {"resolved"}


def test_a_recovery_sends_nothing_and_says_so(pager: PagerDutyServer) -> None:
    receipt = channel(pager).send(message(2, Moment.RECOVERED, root=KEY, recovered_at=NOW + minutes(1)))
    assert not pager.account.events
    assert receipt.detail.startswith("nothing was sent")


def test_a_summary_of_thousands_of_characters_still_pages(pager: PagerDutyServer) -> None:
    channel(pager).send(message(title="x" * 3_000))
    assert len(only(pager).title) == 1024


def test_an_event_that_they_refuse_is_tried_once_more_without_details(pager: PagerDutyServer) -> None:
    pager.fail(Trouble(status=400))
    channel(pager).send(message(title="x" * 900))
    (event,) = pager.account.events
    assert "custom_details" not in event["payload"]
    assert len(event["payload"]["summary"]) == 255


def test_a_routing_key_that_they_do_not_know_is_rejected_and_not_repeated_in_the_error(pager: PagerDutyServer) -> None:
    wrong = PagerDutyEvents({1: SecretStr("9" * 32)}, "default", url=pager.url)
    with pytest.raises(Rejected, match="'routing_key' is invalid") as caught:
        wrong.send(message())
    assert "999" not in str(caught.value)


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_what_passes_is_worth_a_retry_and_pdpyras_does_none_of_its_own(pager: PagerDutyServer, status: int) -> None:
    pager.fail(Trouble(status=status, wait_s=7, times=99))
    with pytest.raises(Unavailable) as caught:
        channel(pager).send(message())
    assert caught.value.retry_after_s == 7
    assert len(pager.asked) == 1


def test_no_answer_is_worth_a_retry(pager: PagerDutyServer) -> None:
    pager.fail(Trouble(hang=True))
    slow: Any = PagerDutyEvents({1: SecretStr(ROUTING_KEYS[1])}, "default", url=pager.url, timeout_s=0.2)
    with pytest.raises(Unavailable, match="did not answer"):
        slow.send(message())
