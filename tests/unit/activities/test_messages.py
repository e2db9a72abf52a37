"""What people read in a mail: texts from outside stay texts, the subject stays the same, every reason has words."""

import re
from email.message import EmailMessage
from html import unescape
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activities.messages import compose
from domain.escalation import WORDS, Clock, Reason, Told
from domain.gate import GateVerdict, Ruling
from domain.incident import Attempt, Executed, Outcome, State
from domain.levels import Severity
from domain.message import Message
from domain.verification import Recovery, Verdict
from domain.view import IncidentView, Next
from tests.unit.domain.examples import INCIDENT, NOW, clock, diagnosis, minutes, plan, request, view

TOLD = Told(at=NOW, tier=2, reasons=(Reason.UNRESOLVED,), awaits=True)
HOSTILE = '<script>alert(1)</script> "quoted" <img src=x onerror=alert(1)> {{ 7 * 7 }} {% raw %}'
ALLOWED = GateVerdict(ruling=Ruling.RUN, clause="allowed", reason="it may")
ATTEMPT = Attempt(number=1, plan=plan(), gate=ALLOWED)


def _compose(told: Told | None = TOLD, **changes: Any) -> Message:
    return compose(view(**changes), told, 1, page=False)


def _line(message: Message, label: str) -> str:
    """The text that stands beside a label."""
    found = [line for line in message.text.splitlines() if re.match(rf"{re.escape(label)} +\S", line)]
    assert len(found) == 1
    return found[0][len(label) :].strip()


class Tags(HTMLParser):
    """Names of the tags, and the addresses that can be clicked."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.links: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.links += [value or "" for name, value in attrs if name in {"href", "src"}]


OURS = {"html", "head", "meta", "title", "body", "table", "tr", "th", "td", "p", "div", "a"}


def _everywhere(text: str) -> IncidentView:
    """The text in every place to which somebody from outside can write."""
    cause = diagnosis("F1")
    hypothesis = cause.hypotheses[0].model_copy(update={"sentence": text})
    failed = ATTEMPT.model_copy(update={"error": text})
    raised: Clock = clock(Severity.HIGH).raising(Reason.UNRESOLVED, NOW, text).acknowledging(text, NOW)
    return view(
        title=text, service=text, diagnosis=cause.model_copy(update={"hypotheses": (hypothesis,)}), clock=raised,
        attempts=(failed,), next=Next(text=text), runbook=text, page_url=text,
    )  # fmt: skip


def test_hostile_texts_are_harmless_in_html() -> None:
    html = compose(_everywhere(HOSTILE), TOLD, 1, page=False).html
    assert Tags(html).tags <= OURS
    assert HOSTILE in unescape(html)


@given(st.text(max_size=200) | st.text(st.sampled_from("<>&\"'/ abij:\n"), max_size=80))
def test_no_text_from_outside_ever_becomes_a_tag(text: str) -> None:
    assert Tags(compose(_everywhere(text), TOLD, 1, page=False).html).tags <= OURS


def test_what_is_no_web_address_is_no_link() -> None:
    message = _compose(runbook="javascript:alert(1)", page_url="https://night.example/incidents/1")
    assert Tags(message.html).links == ["https://night.example/incidents/1"]
    assert "javascript:alert(1)" in message.html


def test_a_quote_in_an_address_does_not_end_it() -> None:
    address = 'https://night.example/" onclick="alert(1)'
    assert Tags(_compose(runbook=address).html).links == [address]


def test_a_text_with_line_breaks_cannot_pretend_to_be_a_line_of_ours() -> None:
    forged = "slow\nStatus     closed\r\nDecides    nobody\x0bCause      none\u2028Next       sleep"
    lines = compose(_everywhere(forged), TOLD, 1, page=False).text.splitlines()
    assert [line for line in lines if line.startswith("Status ")] == ["Status     requires human intervention"]
    assert sum(line.startswith("Decides ") for line in lines) == 1


@given(st.text(max_size=400))
def test_a_subject_is_one_line_that_a_mail_can_carry(title: str) -> None:
    subject = _compose(title=title).subject
    assert len(subject.splitlines()) == 1
    assert subject.endswith(f"({INCIDENT})")
    assert len(subject) < 200
    mail = EmailMessage()
    mail["Subject"] = subject


def test_a_subject_stays_the_same_whatever_happens() -> None:
    changes: list[dict[str, Any]] = [
        {"state": State.WAITING_FOR_APPROVAL, "waiting": request()},
        {"state": State.RESOLVED, "outcome": Outcome.AUTO_RESOLVED, "closed_at": NOW},
        {"attempts": (ATTEMPT,), "diagnosis": diagnosis("F1"), "sightings": 9},
    ]
    assert {_compose(**c).subject for c in changes} == {f"[Nightshift] HIGH orders: 5xx ratio is high ({INCIDENT})"}
    assert _compose(told=None, **changes[1]).subject == _compose().subject


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_is_said_in_words(reason: Reason) -> None:
    told = Told(at=NOW, tier=1, reasons=(reason,), awaits=True)
    assert WORDS[reason] in _line(_compose(told), "Why you")


def test_every_reason_is_said_with_its_detail_but_for_which_rule_fits_what() -> None:
    told = Told(at=NOW, tier=2, reasons=(Reason.LOW_CONFIDENCE, Reason.NO_PLAN), awaits=True)
    detailed = (
        clock(Severity.HIGH)
        .raising(Reason.LOW_CONFIDENCE, NOW, "0.40 is below 0.70")
        .raising(Reason.NO_PLAN, NOW, "KILL_CONNECTIONS: applies to connection_pool, the cause is dependency")
    )
    assert _line(_compose(told, clock=detailed), "Why you") == (
        "confidence in the cause is below the policy's threshold (0.40 is below 0.70); "
        "there is no remediation that fits (tier 2)"
    )


STEPS = ("look at who holds the lock", "ask its owner", "if nobody can: SELECT pg_terminate_backend(7);")


def test_who_is_called_is_told_what_can_be_done_by_hand_and_how_to_answer() -> None:
    cause = diagnosis("F1").model_copy(update={"look_next": STEPS})
    message = _compose(diagnosis=cause, findings=())
    assert _line(message, "By hand") == " ".join(f"({n}) {step}" for n, step in enumerate(STEPS, start=1))
    assert _line(message, "Answer") == (
        f"nightshift ack {INCIDENT} (I look at it, the machine goes on); "
        f"nightshift take {INCIDENT} (hands off, I do it); nightshift resolve {INCIDENT} (it is fixed)"
    )


def test_an_answer_that_was_given_is_not_asked_for_again() -> None:
    taken = _compose(clock=clock(Severity.HIGH).acknowledging("ada", NOW), hands_off=True)
    assert _line(taken, "Answer") == f"nightshift resolve {INCIDENT} (it is fixed)"
    waiting = _line(_compose(waiting=request()), "Answer")
    assert waiting.startswith(f"nightshift approve {INCIDENT} (run the plan); nightshift reject {INCIDENT} ")


@pytest.mark.parametrize("told", [None, Told(at=NOW, tier=2, reasons=(Reason.ANNOUNCED,), awaits=False)])
def test_who_is_not_called_is_asked_for_nothing(told: Told | None) -> None:
    message = _compose(told, diagnosis=diagnosis("F1").model_copy(update={"look_next": STEPS}))
    assert "By hand" not in message.text
    assert "Answer" not in message.text


def test_the_first_message_starts_the_thread_of_the_others() -> None:
    first, second = compose(view(), TOLD, 1, page=True), compose(view(), TOLD, 2, page=False)
    assert (first.key, first.thread) == (f"{INCIDENT}.1", None)
    assert (second.key, second.thread) == (f"{INCIDENT}.2", f"{INCIDENT}.1")
    assert (first.page, second.page) == (True, False)


def test_text_and_html_say_the_same() -> None:
    message = _compose(diagnosis=diagnosis("F1"), failing_share=0.31)
    read = " ".join(unescape(re.sub(r"<[^>]*>", " ", message.html)).split())
    for line in message.text.splitlines():
        label, _, rest = line.partition("  ")
        assert label in unescape(message.html)
        assert " ".join(rest.split()) in read


def test_what_was_tried_is_none_when_nothing_was() -> None:
    assert _line(_compose(), "Tried") == "none"


def test_what_was_tried_is_said_with_what_came_of_it() -> None:
    done = Executed(started_at=NOW, ended_at=NOW, affected=12, before={}, after={}, detail="Ended 12 of 12 sessions.")
    worked = ATTEMPT.model_copy(
        update={"executed": done, "verification": Verdict(recovery=Recovery.RECOVERED, reason="in band")}
    )
    failed = ATTEMPT.model_copy(update={"error": "the database refused"})
    refused = ATTEMPT.model_copy(
        update={"gate": GateVerdict(ruling=Ruling.REFUSE, clause="paused", reason="automation is paused")}
    )
    assert _line(_compose(attempts=(failed, refused, worked)), "Tried") == (
        "KILL_CONNECTIONS on database/orders: could not be done: the database refused; "
        "KILL_CONNECTIONS on database/orders: not executed: automation is paused; "
        "KILL_CONNECTIONS on database/orders: Ended 12 of 12 sessions, recovered"
    )


def test_an_announcement_asks_for_nobody() -> None:
    told = Told(at=NOW, tier=2, reasons=(Reason.ANNOUNCED,), awaits=False)
    assert _line(_compose(told), "Status") == "automation is at work"
    assert _line(_compose(), "Status") == "requires human intervention"


def test_a_plan_that_waits_says_who_decides_until_when() -> None:
    said = _line(_compose(waiting=request()), "Decides")
    assert said == f"ada, grace, until 2026-02-04 10:15:00 UTC; plan {plan().digest[:8]}: End idle sessions."
    assert "nobody is listed" in _line(_compose(waiting=request(approvers=())), "Decides")


def test_the_time_left_is_that_to_the_target() -> None:
    assert _line(_compose(), "Time left") == "59 min to the MTTR target at 2026-02-04 11:00:00 UTC"
    late = _line(_compose(updated_at=NOW + minutes(61)), "Time left")
    assert late == "the MTTR target was missed at 2026-02-04 11:00:00 UTC"
    over = _line(_compose(recovered_at=NOW + minutes(9)), "Time left")
    assert over == "recovered 2026-02-04 10:09:00 UTC"


def test_the_last_message_names_the_outcome_and_goes_to_the_tier_that_was_told() -> None:
    told = (Told(at=NOW, tier=3, reasons=(Reason.NO_PLAN,), awaits=True),)
    end = _compose(None, state=State.RESOLVED, outcome=Outcome.AUTO_RESOLVED, clock=clock(Severity.HIGH, told=told))
    assert _line(end, "State") == "resolved: auto_resolved"
    assert _line(end, "Status") == "closed"
    assert end.tier == 3
