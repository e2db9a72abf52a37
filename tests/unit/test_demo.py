"""The demo tells and judges only what was measured."""

import os
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from domain.diagnosis import Diagnosis, Hypothesis
from domain.finding import Category
from domain.gate import GateVerdict, Ruling
from domain.incident import Attempt
from domain.timeline import Entry, Kind
from domain.view import Delivery, IncidentView
from rig.demo.both import judge_both, order
from rig.demo.examination import failures
from rig.demo.judge import control_sentence, judge_control, judge_escalated
from rig.demo.liveness import judge_fresh, judge_served
from rig.demo.narrator import Narrator
from rig.demo.surroundings import kept, model_line
from rig.faults.fault import EndedSession, FaultReport
from rig.servers.process import Command, ManagedProcess
from tests import page_views
from tests.incidents import a_plan

NOW = datetime(2026, 1, 31, 3, 7, tzinfo=UTC)


def test_an_incident_is_told_with_the_time_at_which_it_opened_and_before_its_alerts() -> None:
    view = page_views.diagnosed(NOW)
    out = StringIO()
    Narrator(Console(file=out, width=200), began=view.opened_at.timestamp() - 3).tell(view)
    first, second = out.getvalue().splitlines()[:2]
    assert first.split()[:3] == ["+3.0", "s", "incident"]
    assert f"{view.incident} opened" in first
    assert " alert " in second
    assert "alertmanager: HighErrorRatio" in second


def test_a_doctor_that_fails_stops_the_demo_except_for_a_jaeger_that_is_still_built() -> None:
    rows = [
        {"name": "jaeger", "status": "fail", "said": "refused"},
        {"name": "elasticsearch", "status": "off", "said": "not configured"},
        {"name": "email", "status": "warn", "said": "tier 2 has no address"},
    ]
    assert list(failures(rows, jaeger_up=False)) == []
    assert list(failures(rows, jaeger_up=True)) == ["jaeger: refused"]
    store = {"name": "postgres", "status": "fail", "said": "away"}
    assert list(failures([*rows, store], jaeger_up=False)) == ["postgres: away"]


def test_quiet_proves_something_only_with_customers_who_were_served() -> None:
    assert judge_served({990: (10, 0)}, now=1000).holds
    assert not judge_served({}, now=1000).holds
    assert not judge_served({900: (10, 0)}, now=1000).holds, "long ago"
    assert not judge_served({990: (90, 10)}, now=1000).holds


def test_quiet_proves_something_only_while_prometheus_sees_every_service() -> None:
    fresh = {"gateway": 3.0, "orders": 4.0, "catalogue": 5.0}
    assert judge_fresh(fresh).holds
    assert not judge_fresh({**fresh, "orders": 60.0}).holds
    assert not judge_fresh({"gateway": 3.0, "orders": 4.0}).holds


def _fault(opened: int, held: int) -> FaultReport:
    ended = tuple(EndedSession(pid, "57P01", "terminated", 0.0) for pid in range(opened - held))
    return FaultReport("connection-pool", 0.0, opened, held, ended)


def _refused(clause: str) -> IncidentView:
    gate = GateVerdict(ruling=Ruling.REFUSE, clause=clause, reason="a reason")
    return page_views.diagnosed(NOW, attempts=(Attempt(number=1, plan=a_plan(), gate=gate),))


def _control(view: IncidentView, rate: float, fault: FaultReport) -> str:
    return control_sentence(list(judge_control(view, rate, fault)))


def test_the_control_holds_only_when_the_pause_alone_kept_the_fault_in_place() -> None:
    assert _control(_refused("paused"), 0.6, _fault(20, 20)).startswith("the control holds")
    for view, rate, fault in (
        (_refused("allow_list"), 0.6, _fault(20, 20)),
        (page_views.diagnosed(NOW), 0.6, _fault(20, 20)),
        (_refused("paused"), 0.0, _fault(20, 20)),
        (_refused("paused"), 0.6, _fault(20, 3)),
        (_refused("paused"), 0.6, _fault(0, 0)),
    ):
        assert _control(view, rate, fault).startswith("the control proves nothing: ")


def _blocked(category: Category = Category.DEPENDENCY, holder: str = "schema-migration") -> IncidentView:
    sentence = f"orders waits for a lock that {holder} holds"
    cause = Hypothesis(service="orders", category=category, score=9.0, weight=0.9, sentence=sentence)
    sent = Delivery(at=NOW, channel="email", subject="orders", delivered=True)
    diagnosis = Diagnosis(hypotheses=(cause,), confidence=0.9, confidence_reason="a reason")
    return page_views.diagnosed(NOW, diagnosis=diagnosis, escalated=True, deliveries=(sent,))


def test_an_escalation_counts_only_with_the_right_cause_in_the_mailbox() -> None:
    def verdict(view: IncidentView, *mails: str) -> bool:
        return all(check.holds for check in judge_escalated(view, _fault(1, 1), mails))

    right = _blocked()
    assert verdict(right, f"Cause: {right.cause}.")
    assert not verdict(right, "Cause: something else")
    assert not verdict(right)
    earlier = Entry(
        seq=9, at=NOW, kind=Kind.DIAGNOSIS, actor="root cause", text=f"{right.cause}, 27 s (confidence 0.9)"
    )
    looked_again = right.model_copy(update={"timeline": (*right.timeline, earlier)})
    later = looked_again.model_copy(update={"diagnosis": _blocked(holder="schema-migration for 36 s").diagnosis})
    assert verdict(later, f"Cause: {right.cause}, 27 s.")
    other = _blocked(holder="nightly-report")
    assert not verdict(other, other.cause)
    wrong = _blocked(Category.LOAD_SPIKE)
    assert not verdict(wrong, wrong.cause)


def _seen(*alerts: tuple[str, float], recovered_s: float = 90) -> IncidentView:
    """Alerts by source, each so many seconds after NOW."""
    timeline = tuple(
        Entry(seq=n, at=NOW + timedelta(seconds=after), kind=Kind.ALERT, actor=source, text="an alert")
        for n, (source, after) in enumerate(alerts, 1)
    )
    return page_views.diagnosed(NOW, timeline=timeline, recovered_at=NOW + timedelta(seconds=recovered_s))


def test_both_have_seen_it_when_the_timeline_names_both_before_the_recovery() -> None:
    def holds(view: IncidentView) -> list[bool]:
        return [check.holds for check in judge_both([view], view)]

    both = _seen(("prometheus", 21), ("nightshift", 25), ("prometheus", 30))
    assert order(both) == "Alertmanager first, our own detection 4.0 s later"
    assert order(_seen(("nightshift", 20), ("prometheus", 21.5))) == "our own detection first, Alertmanager 1.5 s later"
    assert order(_seen(("prometheus", 21))) == "only Alertmanager saw it"
    assert holds(both) == [True, True]
    assert holds(_seen(("prometheus", 21))) == [True, False]
    assert holds(_seen(("prometheus", 21), ("nightshift", 91))) == [True, False]


def test_the_fault_is_one_incident_however_many_were_merged_into_it() -> None:
    view = _seen(("prometheus", 21), ("nightshift", 25))
    merged = view.model_copy(update={"incident": "INC-20260131-AAAAAA", "merged_into": view.incident})
    another = view.model_copy(update={"incident": "INC-20260131-BBBBBB"})
    assert next(iter(judge_both([view, merged], view))).holds
    assert not next(iter(judge_both([view, another], view))).holds


CALLER = {
    "PATH": "/bin", "PYTHONPATH": "here", "NIGHTSHIFT_MODEL": "qwen3:8b", "OPENAI_BASE_URL": "http://127.0.0.1:11434/v1",
    "NIGHTSHIFT_MODEL_PRICES": "qwen3:8b=0/0", "OPENAI_API_KEY": "sk-mine", "KUBECONFIG": "/home/mia/production",
    "DD_API_KEY": "of production", "NIGHTSHIFT_CONNECTION_ORDERS": "postgresql://production", "SLACK_TIERS": "1=U1",
    "TEMPORAL_API_KEY": "of production", "AWS_SECRET_ACCESS_KEY": "of production",
}  # fmt: skip


def test_the_product_of_a_demo_gets_a_model_that_was_asked_for_and_nothing_else_of_the_environment() -> None:
    """Whoever tries it may have the keys of real systems there."""
    model = {"NIGHTSHIFT_MODEL", "NIGHTSHIFT_MODEL_PRICES", "OPENAI_API_KEY", "OPENAI_BASE_URL"}
    assert kept(CALLER) == {name: CALLER[name] for name in ("PATH", "PYTHONPATH", *sorted(model))}
    without = {name: value for name, value in CALLER.items() if name != "NIGHTSHIFT_MODEL"}
    assert kept(without).keys() == {"PATH", "PYTHONPATH"}, "a key that lies about is no wish"
    assert (model_line(without), "OpenAI" in (model_line({"NIGHTSHIFT_MODEL": "gpt-4o"}) or "")) == (None, True)
    assert "qwen3:8b at http://127.0.0.1:11434/v1" in (model_line(CALLER) or "")


def test_a_process_that_is_told_its_whole_environment_has_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the processes of the demo are: what was left out above is not there."""
    monkeypatch.setenv("KUBECONFIG", "/home/mia/production")
    said = {"PATH": os.environ["PATH"], "LAST": "this"}
    out = tmp_path / "out"
    with ManagedProcess(
        Command("env", ["sh", "-c", "env; echo over; exec sleep 60"], out, env=said, alone=True)
    ) as one:
        one.wait_ready(lambda: "over" in out.read_text(), 30)
    assert "LAST=this" in out.read_text()
    assert "KUBECONFIG" not in out.read_text()
