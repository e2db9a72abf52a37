"""PagerDuty's REST API through pdpyras: one page for one incident, kept in step, and every refusal in words."""

from typing import Any

import pytest
from pydantic import SecretStr

from activities.messages import compose
from domain.escalation import Reason, Told
from domain.incident import Outcome, State
from domain.levels import Severity
from domain.message import Message, Moment
from integrations.pagerduty import PagerDutyIncidents
from integrations.ports import PortError, Rejected, Unavailable
from rig.servers.pagerduty import KEY, POLICIES, SENDER, SERVICE, Incident, PagerDutyServer, Trouble
from rig.servers.ports import free_port
from tests.unit.domain.examples import INCIDENT, NOW, diagnosis, minutes, request, view

LATER = NOW + minutes(9)


def channel(pager: PagerDutyServer, **changes: Any) -> PagerDutyIncidents:
    known: dict[str, Any] = {
        "key": SecretStr(KEY), "sender": SENDER, "service": SERVICE, "policies": POLICIES, "url": pager.url,
        "timeout_s": 2.0,
    }  # fmt: skip
    return PagerDutyIncidents(**known | changes)


def message(
    number: int = 1, moment: Moment = Moment.CALL, *, tier: int = 2, awaits: bool = True, root: str | None = None,
    reason: Reason = Reason.UNRESOLVED, **changes: Any,
) -> Message:  # fmt: skip
    """A message as the clock composes it. `changes` are the incident's."""
    spoken = moment is Moment.CALL or reason is Reason.APPROVAL_NEEDED
    told = Told(at=NOW, tier=tier, reasons=(reason,), awaits=awaits) if spoken else None
    seen = view(**changes)
    seen = seen.model_copy(update={"clock": seen.clock.model_copy(update={"told": (told,) if told else ()})})
    return compose(seen, told, number, page=awaits, moment=moment, root=root)


def only(pager: PagerDutyServer) -> Incident:
    """The one incident that they know."""
    (known,) = pager.incidents
    return known


def test_a_page_has_our_key_the_tiers_policy_and_what_a_phone_has_to_show(pager: PagerDutyServer) -> None:
    receipt = channel(pager).send(message(diagnosis=diagnosis("F1")))
    known = only(pager)
    assert (known.key, known.policy, known.urgency, known.status) == (INCIDENT, POLICIES[2], "high", "triggered")
    assert known.title == (
        "HIGH orders: 5xx ratio is high - likely report holds all connections (0.80) (INC-20260204-7F3K2A, 1)"
    )
    assert "Cause: report holds all connections (confidence 0.80" in known.details
    assert (receipt.delivered, receipt.reference) == (True, known.id)
    assert receipt.detail == f"incident {known.number}, tier 2"


@pytest.mark.parametrize(
    ("severity", "urgency"),
    [(Severity.CRITICAL, "high"), (Severity.HIGH, "high"), (Severity.MEDIUM, "low"), (Severity.LOW, "low")],
)
def test_critical_and_high_are_urgent(pager: PagerDutyServer, severity: Severity, urgency: str) -> None:
    channel(pager).send(message(severity=severity))
    assert only(pager).urgency == urgency


def test_an_announcement_wakes_nobody_and_the_call_that_follows_does(pager: PagerDutyServer) -> None:
    """Where a policy has pages for announcements too: not urgent, until somebody is called upon."""
    root = channel(pager).send(message(awaits=False, reason=Reason.ANNOUNCED)).reference
    assert [page.urgency for page in pager.pages] == ["low"]
    channel(pager).send(message(2, root=root))
    channel(pager).send(message(3, root=root, awaits=False, reason=Reason.REMINDER))
    assert [page.urgency for page in pager.pages] == ["low", "high"]
    assert only(pager).urgency == "high"


def test_a_question_that_calls_upon_somebody_is_a_page_and_says_until_when(pager: PagerDutyServer) -> None:
    """Often it is an incident's first word: who has to decide must be woken."""
    asked = message(1, Moment.APPROVAL, reason=Reason.APPROVAL_NEEDED, waiting=request())
    root = channel(pager).send(asked).reference
    assert len(pager.pages) == 1
    assert only(pager).title.endswith("you decide by 10:15 UTC (INC-20260204-7F3K2A, 1)")
    follows = message(2, Moment.APPROVAL, reason=Reason.APPROVAL_NEEDED, awaits=False, root=root, waiting=request())
    channel(pager).send(follows)
    assert len(pager.pages) == 1
    assert only(pager).notes[0][1].startswith("Decision by 10:15 UTC")
    assert "a remediation waits for a decision (tier 2)" in only(pager).notes[0][1]


def test_a_decision_that_is_asked_is_a_note_and_opens_no_page(pager: PagerDutyServer) -> None:
    channel(pager).send(message(1, Moment.APPROVAL, waiting=request()))
    assert not pager.incidents
    root = channel(pager).send(message()).reference
    channel(pager).send(message(2, Moment.APPROVAL, root=root, waiting=request()))
    assert only(pager).notes[0][1].startswith("Decision by 10:15 UTC: End idle sessions. (LOW)")
    assert len(pager.pages) == 1


@pytest.mark.parametrize(("tier", "policy"), [(1, "PTIER01"), (2, "PTIER01"), (3, "PTIER03")])
def test_a_tier_without_a_policy_goes_to_the_next_higher_one(pager: PagerDutyServer, tier: int, policy: str) -> None:
    channel(pager, policies={1: "PTIER01", 3: "PTIER03"}).send(message(tier=tier))
    assert only(pager).policy == policy


def test_without_policies_the_services_own_is_used(pager: PagerDutyServer) -> None:
    channel(pager, policies={}).send(message())
    assert only(pager).policy == "PDEFLT1"


def test_the_same_message_again_is_one_page_that_calls_once(pager: PagerDutyServer) -> None:
    """The activity was repeated, because the worker died before it could record the first answer."""
    first, second = (channel(pager).send(message()).reference for _ in range(2))
    assert first == second
    assert len(pager.incidents) == len(pager.pages) == 1


def test_a_page_whose_answer_was_lost_is_found_again_by_its_key(pager: PagerDutyServer) -> None:
    pager.fail(Trouble(status=502, done=True, only="POST /incidents"))
    with pytest.raises(Unavailable, match="502"):
        channel(pager).send(message())
    receipt = channel(pager).send(message())
    assert receipt.reference == only(pager).id
    assert "POST /incidents" not in pager.asked[-3:-1]
    assert len(pager.pages) == 1, "who has been called is not called a second time"
    assert receipt.detail == f"incident {only(pager).number}: an earlier try has called tier 2"


def test_a_call_to_a_higher_tier_whose_note_was_lost_is_not_made_again(pager: PagerDutyServer) -> None:
    """The page had been handed on when the connection broke: what is missing is the note."""
    root = channel(pager).send(message()).reference
    higher = message(2, tier=1, root=root, reason=Reason.NOT_ACKNOWLEDGED)
    pager.fail(Trouble(status=502, only=f"POST /incidents/{root}/notes"))
    with pytest.raises(Unavailable, match="502"):
        channel(pager).send(higher)
    channel(pager).send(higher)
    assert [page.policy for page in pager.pages] == [POLICIES[2], POLICIES[1]]
    assert len(only(pager).notes) == 1


def test_the_next_message_calls_also_when_no_answer_to_the_first_has_come(pager: PagerDutyServer) -> None:
    pager.fail(Trouble(status=502, done=True, only="POST /incidents"))
    with pytest.raises(Unavailable, match="502"):
        channel(pager).send(message())
    channel(pager).send(message(2, reason=Reason.NOT_ACKNOWLEDGED))
    assert len(pager.pages) == 2


def test_their_own_word_that_it_is_open_already_is_understood(pager: PagerDutyServer) -> None:
    """Their list did not show it yet when we looked. Creating it is refused, and looking again finds it."""
    first = channel(pager).send(message()).reference
    pager.account.unlisted = 1
    assert channel(pager).send(message(2, root=None)).reference == first
    assert pager.asked.count("POST /incidents") == 2


def test_a_higher_tier_is_called_by_the_same_page(pager: PagerDutyServer) -> None:
    root = channel(pager).send(message()).reference
    receipt = channel(pager).send(message(2, tier=1, root=root, reason=Reason.NOT_ACKNOWLEDGED))
    assert [(page.incident, page.policy) for page in pager.pages] == [(root, POLICIES[2]), (root, POLICIES[1])]
    assert receipt.detail == f"incident {only(pager).number}: tier 1 called again"
    (note,) = only(pager).notes
    assert note[1] == "nobody acknowledged in time (tier 1). Next: All sources are asked. [INC-20260204-7F3K2A.2]"


def test_who_slept_through_tier_1_is_called_again(pager: PagerDutyServer) -> None:
    root = channel(pager).send(message(tier=1)).reference
    channel(pager).send(message(2, tier=1, root=root, reason=Reason.NOT_ACKNOWLEDGED))
    assert [page.policy for page in pager.pages] == [POLICIES[1]] * 2


def test_a_raise_of_the_severity_raises_the_urgency_and_the_title(pager: PagerDutyServer) -> None:
    root = channel(pager).send(message(tier=3, severity=Severity.MEDIUM)).reference
    channel(pager).send(message(2, tier=1, root=root, severity=Severity.CRITICAL, reason=Reason.CRITICAL))
    known = only(pager)
    assert (known.urgency, known.policy) == ("high", POLICIES[1])
    assert known.title.startswith("CRITICAL ")


def test_a_further_reason_is_a_note_that_calls_nobody_and_is_there_once(pager: PagerDutyServer) -> None:
    root = channel(pager).send(message()).reference
    more = message(2, awaits=False, root=root, reason=Reason.NO_PLAN)
    for _ in range(2):
        channel(pager).send(more)
    assert len(pager.pages) == 1
    assert len(only(pager).notes) == 1


def test_an_acknowledgement_of_ours_is_one_of_theirs(pager: PagerDutyServer) -> None:
    root = channel(pager).send(message()).reference
    channel(pager).send(message(2, Moment.ACKNOWLEDGED, root=root))
    assert only(pager).status == "acknowledged"


def test_an_acknowledgement_that_came_from_them_changes_nothing(pager: PagerDutyServer) -> None:
    root = channel(pager).send(message()).reference
    pager.acknowledge(root)
    before = list(only(pager).log)
    receipt = channel(pager).send(message(2, Moment.ACKNOWLEDGED, root=root))
    assert only(pager).log == before
    assert "already" in receipt.detail


def test_a_recovery_is_a_note(pager: PagerDutyServer) -> None:
    root = channel(pager).send(message()).reference
    for _ in range(2):
        channel(pager).send(message(2, Moment.RECOVERED, root=root, recovered_at=LATER))
    assert [text for _, text in only(pager).notes] == [
        "Recovered, watching. It was: orders: 5xx ratio is high [INC-20260204-7F3K2A.2]"
    ]
    assert only(pager).open


def test_the_end_resolves_it_with_the_outcome_as_the_last_note(pager: PagerDutyServer) -> None:
    root = channel(pager).send(message()).reference
    over = message(
        2, Moment.CLOSED, root=root, state=State.RESOLVED, outcome=Outcome.RESOLVED_BY_HUMAN, closed_at=LATER
    )
    for _ in range(2):
        channel(pager).send(over)
    assert only(pager).status == "resolved"
    assert [text for _, text in only(pager).notes] == ["resolved: resolved_by_human after 9 min"]


def test_what_a_person_resolved_there_is_not_resolved_again(pager: PagerDutyServer) -> None:
    root = channel(pager).send(message()).reference
    pager.resolve(root)
    receipt = channel(pager).send(message(2, Moment.CLOSED, root=root, state=State.RESOLVED))
    assert "no open incident" in receipt.detail
    assert only(pager).log == ["called", "resolved"]


def test_a_person_who_is_faster_between_our_look_and_our_word_does_no_harm(pager: PagerDutyServer) -> None:
    root = channel(pager).send(message()).reference
    pager.fail(Trouble(status=400, code=1001, only="PUT /incidents"))
    assert channel(pager).send(message(2, Moment.CLOSED, root=root, state=State.RESOLVED)).delivered
    pager.fail(Trouble(status=400, code=2001, only="PUT /incidents"))
    with pytest.raises(Rejected, match="Trouble on demand"):
        channel(pager).send(message(2, Moment.CLOSED, root=root, state=State.RESOLVED))


def test_other_incidents_of_the_service_are_left_alone(pager: PagerDutyServer) -> None:
    other = pager.trigger("the disk is full")
    channel(pager).send(message(2, Moment.CLOSED, state=State.RESOLVED))
    assert other.open
    channel(pager).send(message())
    assert [one.key for one in pager.incidents] == [None, INCIDENT]


def test_a_title_is_cut_to_what_they_take_and_keeps_our_id(pager: PagerDutyServer) -> None:
    channel(pager).send(message(title="x" * 3_000))
    assert len(only(pager).title) == 1024
    assert only(pager).title.endswith("… (INC-20260204-7F3K2A, 1)")


def test_a_body_that_they_refuse_is_tried_once_more_shorter(pager: PagerDutyServer) -> None:
    pager.account.longest_body = 1_000
    channel(pager).send(message(title="x" * 1_900))
    known = only(pager)
    assert (len(known.title), len(known.details)) == (255, 1_000)


def test_half_a_character_and_control_signs_still_page(pager: PagerDutyServer) -> None:
    channel(pager).send(message(title="a\ud800 \x1b[31m <script> \u202e\r\nB: c"))
    assert only(pager).title.startswith("HIGH a? \x1b[31m <script> \u202e B: c")


WRONG: tuple[tuple[str, dict[str, Any], str], ...] = (
    ("a key that is wrong", {"key": SecretStr("u+wrong-token-hunter2")}, "401: Authentication failed"),
    ("a sender that is no user", {"sender": "nobody@example.com"}, "Requester User Not Found"),
    ("a service that is not there", {"service": "PNONE01"}, "Service not found"),
    ("a policy that is not there", {"policies": {1: "PNONE01"}}, "Escalation Policy Not Found"),
)


@pytest.mark.parametrize(("changes", "said"), [(c, s) for _, c, s in WRONG], ids=[name for name, _, _ in WRONG])
def test_what_a_retry_cannot_mend_is_rejected_in_their_words(
    pager: PagerDutyServer, changes: dict[str, Any], said: str
) -> None:
    with pytest.raises(Rejected, match=said) as caught:
        channel(pager, **changes).send(message())
    assert "hunter2" not in f"{caught.value}"
    assert "nter2" not in f"{caught.value}"
    assert not pager.incidents


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_what_passes_is_worth_a_retry_and_pdpyras_does_none_of_its_own(pager: PagerDutyServer, status: int) -> None:
    pager.fail(Trouble(status=status, times=99))
    with pytest.raises(Unavailable, match=str(status)):
        channel(pager).send(message())
    assert len(pager.asked) == 1


def test_their_wait_after_too_many_requests_is_kept(pager: PagerDutyServer) -> None:
    pager.fail(Trouble(status=429, wait_s=20))
    with pytest.raises(Unavailable) as caught:
        channel(pager).send(message())
    assert caught.value.retry_after_s == 20


def test_no_answer_is_worth_a_retry(pager: PagerDutyServer) -> None:
    pager.fail(Trouble(hang=True))
    with pytest.raises(Unavailable, match=r"did not answer within 0\.2 s"):
        channel(pager, timeout_s=0.2).send(message())
    assert len(pager.asked) == 1


def test_a_server_that_is_not_there_is_unavailable() -> None:
    with pytest.raises(Unavailable, match="cannot be reached"):
        PagerDutyIncidents(SecretStr(KEY), SENDER, SERVICE, {}, url=f"http://127.0.0.1:{free_port()}").send(message())


def test_a_handshake_looks_and_pages_nobody(pager: PagerDutyServer) -> None:
    assert channel(pager).handshake() == "orders"
    assert not pager.pages
    assert {request.split()[0] for request in pager.asked} == {"GET"}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"sender": "nobody@example.com"}, "PAGERDUTY_FROM: 'nobody@example.com' is no user"),
        ({"service": "PNONE01"}, "PAGERDUTY_SERVICE: there is nothing by the id 'PNONE01'"),
        ({"policies": {1: "PNONE01"}}, "PAGERDUTY_ESCALATION_POLICIES: there is nothing by the id 'PNONE01'"),
    ],
)
def test_a_handshake_names_the_setting_that_is_wrong(
    pager: PagerDutyServer, changes: dict[str, Any], said: str
) -> None:
    with pytest.raises(PortError, match=said):
        channel(pager, **changes).handshake()
