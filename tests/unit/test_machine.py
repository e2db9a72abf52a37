"""The machine in words and gauges: what is well is short, what misleads is said, what is not known is left out."""

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from prometheus_client import CollectorRegistry, generate_latest

from domain.advice.advice import Advised
from domain.holding import Quiet
from domain.levels import Severity
from domain.listing import Counts
from integrations.ports import Unavailable
from starter.app import create_app
from starter.machine.facts import Adviser, Automation, Health, Machine, Part, Queue, Scheduled
from starter.machine.gauges import Ready, gauges
from starter.machine.strip import Cell, cells, warnings
from starter.machine.watch import MachineWatch
from starter.parts import Parts
from tests import page_views
from tests.fakes import FakeIncidents
from tests.incidents import minutes
from tests.parts import parts_with

NOW = datetime(2026, 1, 31, 3, 7, tzinfo=UTC)
WELL = Part(name="prometheus", health=Health.OK, said="answers")
JAEGER = Part(name="jaeger", health=Health.DOWN, said="timed out", since=NOW - minutes(4))
MAIL = Part(name="email", health=Health.OK, said="answers")
MAIL_DOWN = Part(name="email", health=Health.DOWN, said="connection refused", since=NOW)
SLACK_OFF = Part(name="slack", health=Health.OFF, said="not configured")
SWEEPS = Scheduled(name="detection", made_at=NOW - minutes(600), every_s=15, succeeded_at=NOW - minutes(6))
MUTED = Quiet(
    window="MW-1", said="orders, says ana: release 41", until=NOW + minutes(9), held=2,
    last="5xx of orders since 03:00:00 UTC",
)  # fmt: skip
QUEUES = tuple(Queue(name=name, workers=1, oldest_s=0.3) for name in ("incidents", "analysis"))


ASKED = Adviser(name="rig-mind", limit_usd=5, spent_usd=0.14)
SILENT = Advised(
    incident="INC-20260131-000001", at=NOW - minutes(4), answered=False, said="no opinion: answered 503 " + 300 * "!",
)  # fmt: skip


def machine(**changes: Any) -> Machine:
    facts: dict[str, Any] = {
        "at": NOW, "temporal": WELL, "store": WELL, "sources": (WELL,), "channels": (MAIL, SLACK_OFF),
        "queues": QUEUES, "automation": Automation(observes=False, actions=2, limit=10), "ended_badly": 0,
    }  # fmt: skip
    return Machine(**{**facts, **changes})


def strip(**changes: Any) -> str:
    return " · ".join(cell.text for cell in cells(machine(**changes), NOW))


def test_a_machine_that_is_well_takes_one_line_and_warns_of_nothing() -> None:
    assert strip() == (
        "Sources 1/1 · Workers 2/2 queues, oldest task 0.3 s · Automation ON · Actions 2 of 10 this hour · "
        "Model off · Notify 1/1 · Temporal ok · Store ok · looked now"
    )
    assert not any(cell.bad for cell in cells(machine(), NOW))
    assert warnings(machine(), NOW) == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"sources": (WELL, JAEGER)}, "Sources 1/2 ▲ jaeger down 4 min"),
        ({"sources": ()}, "Sources: none configured"),
        ({"channels": (SLACK_OFF,)}, "Notify: none configured"),
        ({"temporal": JAEGER}, "Temporal ▲ down 4 min"),
        ({"queues": (QUEUES[0], Queue(name="x", workers=0))}, "Workers 1/2 queues"),
        ({"queues": (Queue(name="x", workers=None),)}, "Workers ▲ unknown"),
        ({"automation": None}, "Automation ▲ unknown, so nothing is done"),
        ({"automation": Automation(observes=False, paused="release day (ana)", limit=10)}, "Automation ▲ PAUSED"),
        ({"automation": Automation(observes=False, actions=10, limit=10)}, "Actions 10 of 10 this hour"),
        ({"quiet": (MUTED,)}, "Muted ▲ 1, 2 held back"),
        ({"at": NOW - minutes(3)}, "looked 3 min ago"),
        ({"adviser": ASKED.model_copy(update={"spent_usd": 5.0})}, "Model rig-mind ▲ $5.00 of $5.00 this hour"),
        (
            {"adviser": ASKED.model_copy(update={"spent_usd": None})},
            "Model rig-mind ▲ cost unknown, so it is not asked",
        ),
        (
            {"adviser": ASKED.model_copy(update={"silent": SILENT})},
            "Model rig-mind $0.14 of $5.00 this hour ▲ 4 min ago INC-20260131-000001 had no opinion: answered 503",
        ),
    ],
)
def test_what_somebody_should_look_at_stands_out_in_words(changes: dict[str, Any], words: str) -> None:
    assert words in strip(**changes)
    (bad,) = [cell for cell in cells(machine(**changes), NOW) if cell.bad]
    assert words in bad.text


def test_a_model_that_is_asked_is_named_with_what_it_cost() -> None:
    shown = cells(machine(adviser=ASKED), NOW)
    assert Cell(text="Model rig-mind $0.14 of $5.00 this hour") in shown
    long = cells(machine(adviser=ASKED.model_copy(update={"silent": SILENT})), NOW)
    assert max(len(cell.text) for cell in long) < 200, "a strip is one line"


def test_a_dry_run_is_said_and_is_no_trouble() -> None:
    shown = cells(machine(automation=Automation(observes=True, limit=10)), NOW)
    assert "Automation ON (dry run)" in [cell.text for cell in shown]
    assert not any(cell.bad for cell in shown)


def test_before_the_first_round_nothing_is_claimed() -> None:
    assert [cell.text for cell in cells(None, NOW)] == ["The machine has not been looked at yet"]
    assert warnings(None, NOW) == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"at": NOW - minutes(3)}, "was last looked at 3 min ago"),
        ({"queues": (Queue(name="remediation", workers=0),)}, "No worker polls remediation"),
        ({"queues": (Queue(name="analysis", workers=1, oldest_s=90),)}, "oldest task of analysis has waited for 1 min"),
        ({"automation": Automation(observes=False, paused="release day (ana)")}, "paused: release day (ana)."),
        ({"automation": Automation(observes=False, frozen_until=NOW + minutes(9))}, "frozen until 03:16:00 UTC"),
        ({"channels": (MAIL_DOWN,)}, "No way to reach people works (email: connection refused)"),
        ({"channels": (MAIL, MAIL_DOWN.model_copy(update={"name": "slack"}))}, "slack does not work"),
        ({"channels": ()}, "No channel is configured"),
        ({"quiet": (MUTED,)}, "Muted until 03:16:00 UTC: orders, says ana: release 41 (MW-1). It opens and pages"),
        ({"quiet": (MUTED,)}, "2 held back, the last 5xx of orders since 03:00:00 UTC."),
        (
            {"unjudged": (MUTED.model_copy(update={"said": "muted-orders"}),)},
            "2 muted until 03:16:00 UTC (MW-1) and not judged since, the last 5xx of orders since 03:00:00 UTC: the",
        ),
        ({"schedules": (SWEEPS,)}, "Detection has not succeeded for 6 min"),
        ({"schedules": (SWEEPS.model_copy(update={"paused": "for the move"}),)}, "paused in Temporal: for the move"),
        ({"ended_badly": 1}, "1 workflow of incidents or of muted alerts ended within the hour without a record"),
    ],
)
def test_a_reader_is_warned_where_the_list_alone_would_mislead(changes: dict[str, Any], said: str) -> None:
    (warning,) = warnings(machine(**changes), NOW)
    assert said in warning


def exposed(of: Machine | None, counts: Counts | None) -> str:
    registry = CollectorRegistry()
    registry.register(Ready(gauges(of, counts, NOW)))
    return generate_latest(registry).decode()


def test_what_is_not_known_is_no_series_rather_than_zero() -> None:
    unknown = machine(queues=(Queue(name="x", workers=None),), automation=None, ended_badly=None)
    text = exposed(unknown, None)
    assert "nightshift_queue_workers{" not in text
    assert "nightshift_automation_paused" not in text
    assert "nightshift_incidents_ended_badly" not in text
    assert "nightshift_incidents_open" not in text
    assert exposed(None, None) == ""


def test_gauges_say_what_is_up_and_what_waits() -> None:
    counts = Counts(open=2, approval=1, untold=1, oldest_request=NOW - minutes(5), by_severity={Severity.HIGH: 2})
    text = exposed(machine(sources=(WELL, JAEGER)), counts)
    for line in (
        'nightshift_up{kind="source",name="prometheus"} 1.0',
        'nightshift_up{kind="source",name="jaeger"} 0.0',
        'nightshift_queue_workers{queue="incidents"} 1.0',
        'nightshift_incidents_open{severity="HIGH"} 2.0',
        'nightshift_incidents_open{severity="LOW"} 0.0',
        "nightshift_incidents_untold 1.0",
        "nightshift_decision_oldest_seconds 300.0",
    ):
        assert line in text
    assert 'name="slack"' not in text


async def get(of: Parts, path: str) -> httpx.Response:
    transport = httpx.ASGITransport(create_app(of))
    async with httpx.AsyncClient(transport=transport, base_url="http://nightshift") as http:
        return await http.get(path, headers={"accept": "text/html"})


async def watched(state: Machine, *, store_away: bool = False) -> Parts:
    incidents = FakeIncidents()
    incidents.save(page_views.waiting(datetime.now(UTC)))
    incidents.error = Unavailable("store: away") if store_away else None
    of = parts_with(incidents=incidents)
    of.machine.latest = state.model_copy(update={"at": datetime.now(UTC)})
    return of


async def test_metrics_and_details_show_the_machine() -> None:
    of = await watched(machine(sources=(WELL, JAEGER)))
    text = (await get(of, "/metrics")).text
    assert 'nightshift_up{kind="source",name="jaeger"} 0.0' in text
    assert "nightshift_decisions_waiting 1.0" in text
    details = (await get(of, "/health/details")).json()
    assert details["machine"]["sources"][1]["said"] == "timed out"
    assert details["views"][0]["query"].endswith("NsNeeds='approval'")


async def test_metrics_come_without_counts_while_the_store_is_away() -> None:
    text = (await get(await watched(machine(), store_away=True), "/metrics")).text
    assert "nightshift_up" in text
    assert "nightshift_decisions_waiting" not in text


async def test_the_list_begins_with_the_machine_and_its_warnings() -> None:
    of = await watched(machine(automation=Automation(observes=False, paused="release <b>day</b> (ana)", limit=10)))
    html = (await get(of, "/incidents")).text
    assert html.index("Automation ▲ PAUSED") < html.index("<h1>")
    assert "release &lt;b&gt;day&lt;/b&gt; (ana)" in html


async def test_the_watch_keeps_the_newest_answer() -> None:
    rounds = iter([machine(), machine(ended_badly=1)])
    done: list[Machine] = []

    async def ask() -> Machine:
        done.append(next(rounds))
        return done[-1]

    watch = MachineWatch(ask, every_s=0)
    with pytest.raises(RuntimeError, match="StopIteration"):
        await watch.run()
    assert watch.latest == done[-1] == machine(ended_badly=1)
