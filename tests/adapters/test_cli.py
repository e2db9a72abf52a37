"""The command line against a real store and a real Temporal server: each exit code, and decisions that count."""

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import Client
from temporalio.common import SearchAttributeKey
from typer.testing import CliRunner, Result

from activities.investigation import InvestigationActivities
from domain.audit import AuditRow
from domain.detection import SOURCE
from domain.finding import Category
from domain.incident import Outcome, State
from domain.levels import Severity
from domain.memory import Remembered
from domain.policy import Floors
from domain.question import Question
from domain.services import ServiceMap
from domain.thresholds import in_force
from domain.view import IncidentView
from integrations.embeddings import HashingEmbedder
from integrations.store.audit import PostgresAudit
from integrations.store.feedback import PostgresFeedback
from integrations.store.guard import PostgresGuard
from integrations.store.incidents import PostgresIncidents
from integrations.store.memory import PostgresMemory
from integrations.store.pool import Pool
from integrations.store.postmortems import PostgresPostmortems
from integrations.store.thresholds import PostgresThresholds
from rig.servers.pagerduty import KEY, SENDER, SERVICE, PagerDutyServer
from rig.servers.temporal import HASTY, TemporalServer
from starter.cli import app
from starter.cli.exits import Exit
from starter.saved_views import VIEWS
from tests import page_views
from tests.ending import ended
from tests.incidents import minutes
from tests.unit.domain.test_thresholds import opened_by
from tests.workflows.world import POLICY, Handle, World, anomaly
from workflows.incident import IncidentWorkflow

NOW = datetime.now(UTC)
QUIET = dict.fromkeys(("PROMETHEUS_URL", "JAEGER_URL", "ELASTICSEARCH_URL", "ALERTMANAGER_URL", "SMTP_URL"), "")
# Sure enough for nobody: every plan asks a person.
ASKING = POLICY.model_copy(update={"floors": Floors(LOW=1.0), "gather_s": 0.1})
_HANGS_AFTER_S = 40.0


@dataclass(frozen=True)
class House:
    """An installation: the environment of its commands, and its store."""

    environment: dict[str, str]
    pool: Pool

    def run(self, *arguments: str, typed: str | None = None) -> Result:
        return CliRunner().invoke(app, list(arguments), env=self.environment, input=typed)

    def keep(self, view: IncidentView) -> str:
        PostgresIncidents(self.pool).save(view)
        return view.incident


@pytest.fixture
def house(temporal_dev: TemporalServer, store_address: str, store_pool: Pool) -> House:
    return House({**QUIET, "TEMPORAL_ADDRESS": temporal_dev.address, "DATABASE_URL": store_address}, store_pool)


def test_migrate_makes_the_schema_and_may_be_repeated(temporal_dev: TemporalServer, database: str) -> None:
    environment = {**QUIET, "TEMPORAL_ADDRESS": temporal_dev.address, "DATABASE_URL": database}
    for _ in range(2):
        assert CliRunner().invoke(app, ["migrate"], env=environment).exit_code == Exit.DONE
    assert CliRunner().invoke(app, ["incidents"], env=environment).exit_code == Exit.DONE


@pytest.mark.parametrize("command", ["show", "watch", "audit", "postmortem", "ack", "approve"])
def test_an_incident_that_nobody_knows_is_not_found(house: House, command: str) -> None:
    answer = house.run(command, "INC-20990101-NOBODY")
    assert answer.exit_code == Exit.NOT_FOUND
    assert "there is no incident 'INC-20990101-NOBODY'" in answer.stderr


def test_incidents_are_listed_for_people_and_for_scripts(house: House) -> None:
    waiting, fixed = page_views.waiting(NOW), page_views.fixed(NOW)
    house.keep(waiting)
    house.keep(fixed.model_copy(update={"incident": "INC-20260131-000009"}))
    listed = house.run("incidents").stdout
    assert listed.index(waiting.incident) < listed.index("INC-20260131-000009")
    assert "approval" in listed
    as_json = json.loads(house.run("incidents", "--open", "--json").stdout)
    assert [one["incident"] for one in as_json["incidents"]] == [waiting.incident]


@pytest.mark.parametrize(
    ("options", "found"),
    [
        (["--needs", "approval"], ["waiting"]),
        (["--severity", "high"], ["stuck"]),
        (["--state", "Resolved"], ["fixed"]),
        (["--outcome", "auto_resolved", "--cause", "connection_pool"], ["fixed"]),
        (["--open", "--text", "5XX", "--since", "10m"], ["waiting"]),
        (["--at-risk"], ["stuck"]),
        (["--service", "nobody"], []),
    ],
)
def test_incidents_are_filtered_by_what_people_ask_for(house: House, options: list[str], found: list[str]) -> None:
    names = {
        house.keep(getattr(page_views, name)(NOW).model_copy(update={"incident": f"INC-20260131-{name}"})): name
        for name in ("waiting", "stuck", "fixed")
    }
    answer = json.loads(house.run("incidents", "--json", *options).stdout)
    assert [names[one["incident"]] for one in answer["incidents"]] == found
    assert answer["counts"]["open"] == 2


@pytest.mark.parametrize("options", [["--severity", "awful"], ["--since", "yesterday"], ["--needs", "coffee"]])
def test_a_filter_that_means_nothing_is_a_usage_error(house: House, options: list[str]) -> None:
    assert house.run("incidents", *options).exit_code == Exit.USAGE


def test_a_table_has_at_most_100_columns_and_json_has_everything(house: House) -> None:
    long = "orders: " + "x" * 300
    incident = house.keep(page_views.waiting(NOW).model_copy(update={"title": long}))
    lines = house.run("incidents").stdout.splitlines()
    assert max(map(len, lines)) <= 100
    assert any("…" in line for line in lines)
    assert json.loads(house.run("incidents", "--json").stdout)["incidents"][0]["title"] == long
    assert max(map(len, house.run("--wide", "incidents").stdout.splitlines())) > 100
    row = AuditRow(key="k", incident=incident, at=NOW, actor="a" * 90, door="command line", action="ack",
                   target="database/orders", result="y" * 200)  # fmt: skip
    PostgresAudit(house.pool).append(row)
    audited = house.run("audit", incident).stdout
    assert max(map(len, audited.splitlines())) <= 100
    assert "".join(audited.split()).count("y") >= 200, "folded, not cut"


def test_times_are_said_in_the_zone_that_is_wanted(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    incident = house.keep(page_views.fixed(NOW))
    PostgresAudit(house.pool).append(AuditRow(key="k", incident=incident, at=NOW, actor="ana", door="d", action="ack",
                                              result="r"))  # fmt: skip
    monkeypatch.setenv("TZ", "UTC+3")  # three hours behind, as POSIX writes it
    time.tzset()
    try:
        there = NOW.astimezone(timezone(-timedelta(hours=3)))
        assert there.isoformat(timespec="seconds") in "".join(house.run("--local", "audit", incident).stdout.split())
        assert f"{NOW:%Y-%m-%dT%H:%M:%SZ}" in "".join(house.run("audit", incident).stdout.split())
    finally:
        monkeypatch.undo()
        time.tzset()


def test_show_audit_and_postmortem_print_what_is_stored(house: House) -> None:
    incident = house.keep(page_views.fixed(NOW))
    row = AuditRow(key="k", incident=incident, at=NOW, actor="remediation", door="workflow", action="KILL_CONNECTIONS",
                   target="database/orders", result="ended 17 sessions", affected=17)  # fmt: skip
    PostgresAudit(house.pool).append(row)
    PostgresPostmortems(house.pool).save(incident, "# What happened\n", {"mttr_s": 240})
    assert "ended 17 sessions of nightly-report; recovered" in house.run("show", incident).stdout
    assert "KILL_CONNECTIONS" in house.run("audit", incident).stdout
    assert house.run("postmortem", incident).stdout == "# What happened\n"
    assert json.loads(house.run("audit", incident, "--json").stdout)["audit"][0]["affected"] == 17


def test_a_postmortem_that_is_not_written_yet_is_not_found(house: House) -> None:
    answer = house.run("postmortem", house.keep(page_views.fixed(NOW)))
    assert answer.exit_code == Exit.NOT_FOUND
    assert "it is written when an incident escalates or closes" in answer.stderr


def test_similar_finds_what_looked_alike(house: House) -> None:
    past = Remembered(
        incident="INC-20260117-AB12CD", service="orders", category=Category.CONNECTION_POOL, cause="idle sessions",
        symptoms="orders answers 5xx, its connection pool is full", severity=Severity.HIGH,
        outcome=Outcome.AUTO_RESOLVED, opened_at=NOW, closed_at=NOW,
    )  # fmt: skip
    PostgresMemory(house.pool, HashingEmbedder()).remember(past)
    assert "INC-20260117-AB12CD" in house.run("similar", "connection pool of orders is full").stdout


def test_watch_prints_every_event_once_and_ends_with_the_incident(house: House) -> None:
    view = page_views.fixed(NOW)
    answer = house.run("watch", house.keep(view), "--until", "resolved")
    assert answer.exit_code == Exit.DONE
    assert len(answer.stdout.splitlines()) == len(view.timeline)
    as_json = house.run("watch", view.incident, "--json").stdout.splitlines()
    assert [json.loads(line)["seq"] for line in as_json] == [entry.seq for entry in view.timeline]


def test_watch_says_when_an_incident_ends_otherwise(house: House) -> None:
    lost = page_views.fixed(NOW).model_copy(update={"outcome": Outcome.UNRESOLVED, "state": State.UNRESOLVED})
    answer = house.run("watch", house.keep(lost), "--until", "resolved")
    assert answer.exit_code == Exit.OTHERWISE
    assert "ended as unresolved, not as resolved" in answer.stderr


def test_a_right_cause_from_a_person_replaces_what_the_machine_remembers(house: House) -> None:
    incident = house.keep(page_views.fixed(NOW))
    said = ("--cause", "wrong", "--right", "bad_deployment@gateway", "--comment", "release 41", "--who", "ana")
    answer = house.run("feedback", incident, *said)
    assert (answer.exit_code, answer.stdout.strip()) == (
        Exit.DONE, f"{incident}: the cause was bad_deployment at gateway",
    )  # fmt: skip
    memory = PostgresMemory(house.pool, HashingEmbedder())
    (found,) = memory.similar("orders: 5xx at 31 %, idle sessions of nightly-report")
    assert (found.remembered.category, found.remembered.service) == (Category.BAD_DEPLOYMENT, "gateway")
    assert "release 41" in found.remembered.cause
    (row,) = json.loads(house.run("audit", incident, "--json").stdout)["audit"]
    assert (row["actor"], row["action"], row["result"]) == (
        "ana (claimed)", "feedback", "the cause was bad_deployment at gateway",
    )  # fmt: skip


def test_a_kind_and_a_service_correct_the_cause_that_a_similar_incident_recalls(house: House) -> None:
    view = page_views.fixed(NOW).model_copy(update={"incident": "INC-20260131-000078"})
    house.keep(view)
    answer = house.run("feedback", view.incident, "--cause", "load_spike", "--service", "gateway", "--who", "ana")
    assert (answer.exit_code, answer.stdout.strip()) == (
        Exit.DONE, f"{view.incident}: the cause was load_spike at gateway",
    )  # fmt: skip
    memory = PostgresMemory(house.pool, HashingEmbedder())
    looks = InvestigationActivities(None, None, None, None, None, memory, None)
    again = Question(
        incident="INC-20260201-000001", services=("orders", "gateway"), anomalies=view.anomalies, onset=NOW, now=NOW,
        found=view.findings, graph=ServiceMap(expressions=()),
    )  # fmt: skip
    (recalled,) = looks.recall(again)
    assert recalled.facts["incident"] == view.incident
    assert recalled.categories == {Category.LOAD_SPIKE: 1.0}
    assert recalled.service == "gateway"
    assert "as ana found" in str(recalled.facts["cause"])


def test_the_evidence_is_shown_in_eighty_columns_and_whole_as_json(house: House) -> None:
    incident = house.keep(page_views.explained(NOW))
    house.environment["COLUMNS"] = "80"
    shown = house.run("show", incident).stdout
    for words in (
        "+5.2 bits",
        "-> SUSPECT, ALERTED",
        "120 calls, 74 failed",
        "▁│█",
        "F7 new",
        "failed here",
        "load spike at gateway",
    ):
        assert words in shown
    assert "\x1b" not in shown
    facts = json.loads(house.run("show", incident, "--json").stdout)
    assert {len(f["waterfall"]["bars"]) for f in facts["findings"] if f["waterfall"]} == {4}
    assert [len(f["curve"]["values"]) for f in facts["findings"] if f["curve"]] == [60, 60]
    assert facts["diagnosis"]["graph"]["calls"][0] == {
        "caller": "gateway", "callee": "orders", "calls": 120, "failed": 74,
    }  # fmt: skip


def test_a_false_positive_is_remembered_as_one_and_what_is_open_is_learned_at_its_end(house: House) -> None:
    closed = house.keep(page_views.fixed(NOW))
    assert json.loads(house.run("feedback", closed, "--false-positive", "--json").stdout)["learned"] is True
    (found,) = PostgresMemory(house.pool, HashingEmbedder()).similar("orders 5xx")
    assert found.remembered.outcome is Outcome.FALSE_POSITIVE
    opened = house.keep(page_views.diagnosed(NOW).model_copy(update={"incident": "INC-20260131-000077"}))
    assert json.loads(house.run("feedback", opened, "--cause", "right", "--json").stdout)["learned"] is False
    assert [said.right for said in PostgresFeedback(house.pool).of(opened)] == [True]


def test_a_false_positive_of_our_own_detection_raises_a_threshold_once_until_it_is_corrected(house: House) -> None:
    incident = house.keep(opened_by(SOURCE))
    for _ in range(2):
        answer = house.run("feedback", incident, "--false-positive", "--who", "ana")
        assert "counts towards a higher threshold of latency p95 of orders" in answer.stderr
    thresholds = PostgresThresholds(house.pool)
    (raised,) = in_force(thresholds.words()).values()
    assert (raised.series, raised.threshold, raised.because[0].who) == ("s1", 3.75, "ana (claimed)")
    assert len(thresholds.words()) == 1, "a second click is the same word"
    house.run("feedback", incident, "--cause", "wrong", "--right", "disk@orders", "--who", "mia")
    assert in_force(thresholds.words()) == {}


def test_what_cannot_be_right_is_refused_and_what_says_two_things_is_a_usage_error(house: House) -> None:
    unsure, merged = house.keep(page_views.stuck(NOW)), house.keep(page_views.merged(NOW))
    assert house.run("feedback", unsure, "--cause", "right").exit_code == Exit.REFUSED
    assert "goes on in" in house.run("feedback", merged, "--false-positive").stderr
    for wrong in (["--cause", "wrong"], ["--cause", "right", "--false-positive"], [], ["--cause", "disk"],
                  ["--cause", "wrong", "--right", "gremlins@orders"], ["--service", "orders"],
                  ["--cause", "gremlins", "--service", "orders"], ["--cause", "right", "--service", "orders"],
                  ):  # fmt: skip
        assert house.run("feedback", unsure, *wrong).exit_code == Exit.USAGE
    assert PostgresFeedback(house.pool).of(unsure) == []


def test_views_for_temporals_web_ui_are_links_where_its_address_is_known(house: House) -> None:
    (first, *_) = house.run("doctor", "--views").stdout.splitlines()
    assert first.startswith("waiting for approval: WorkflowType='IncidentWorkflow'")
    house.environment["TEMPORAL_UI_URL"] = "http://127.0.0.1:8233"
    (linked, *others) = json.loads(house.run("doctor", "--views", "--json").stdout)["views"]
    assert linked["link"].startswith("http://127.0.0.1:8233/namespaces/default/workflows?query=WorkflowType%3D")
    assert linked["link"].endswith("&savedQuery=waiting%20for%20approval")
    assert others


async def test_the_views_queries_are_understood_by_temporal(temporal_client: Client) -> None:
    for view in VIEWS:
        await temporal_client.count_workflows(view.query(NOW))


def test_watch_gives_up_when_it_was_told_to(house: House) -> None:
    answer = house.run("watch", house.keep(page_views.stuck(NOW)), "--timeout", "0s")
    assert answer.exit_code == Exit.TIMED_OUT
    assert "is still waiting for people" in answer.stderr


def test_pause_holds_automation_until_it_is_resumed(house: House) -> None:
    guard = PostgresGuard(house.pool)
    assert house.run("pause", "--reason", "release day", "--for", "30m", "--who", "ana").exit_code == Exit.DONE
    held = guard.controls("database/orders", datetime.now(UTC))
    assert (held.paused, held.pause_reason) == (True, "release day (ana)")
    assert not guard.controls("database/orders", datetime.now(UTC) + minutes(31)).paused
    assert house.run("resume-automation").exit_code == Exit.DONE
    assert not guard.controls("database/orders", datetime.now(UTC)).paused


def test_a_shorter_pause_leaves_a_longer_one_of_somebody_else_and_says_so(house: House) -> None:
    house.run("pause", "--reason", "database move", "--for", "2h", "--who", "mia")
    answer = house.run("pause", "--reason", "a look", "--for", "5m", "--who", "ana")
    assert answer.exit_code == Exit.DONE
    assert "it stays so for longer: database move (mia)" in answer.stderr
    later = datetime.now(UTC) + minutes(30)
    assert PostgresGuard(house.pool).controls("database/orders", later).pause_reason == "database move (mia)"


def test_freeze_asks_people_until_its_end_or_until_it_is_lifted(house: House) -> None:
    guard = PostgresGuard(house.pool)
    assert house.run("freeze", "--reason", "release day", "--until", "2100-01-01T01:00+01:00").exit_code == Exit.DONE
    until = guard.controls("database/orders", datetime.now(UTC)).frozen_until
    assert until == datetime(2100, 1, 1, tzinfo=UTC)
    shorter = house.run("freeze", "--reason", "lunch", "--for", "1h", "--who", "somebody else")
    assert "another freeze holds until 2100-01-01 00:00:00 UTC" in shorter.stderr
    assert house.run("unfreeze").exit_code == Exit.DONE
    assert guard.controls("database/orders", datetime.now(UTC)).frozen_until is None


@pytest.mark.parametrize(
    "end",
    [[], ["--for", "1h", "--until", "2100-01-01"], ["--until", "2020-01-01"], ["--until", "tomorrow"], ["--for", "1y"],
     ["--until", "0001-01-01T00:00+14:00"]],
)  # fmt: skip
def test_a_freeze_has_one_end_that_lies_ahead(house: House, end: list[str]) -> None:
    answer = house.run("freeze", "--reason", "release day", *end)
    assert answer.exit_code == Exit.USAGE
    assert PostgresGuard(house.pool).controls("", datetime.now(UTC)).frozen_until is None


def test_the_doctor_looks_whether_pages_would_go_out_and_come_back(house: House, pager: PagerDutyServer) -> None:
    known = {
        "PAGERDUTY_API_KEY": KEY, "PAGERDUTY_FROM": SENDER, "PAGERDUTY_SERVICE": SERVICE,
        "PAGERDUTY_API_URL": pager.url, "PAGERDUTY_ESCALATION_POLICIES": "1=PTIER01",
    }  # fmt: skip

    def said(**changes: str) -> tuple[list[str], str]:
        answer = replace(house, environment={**house.environment, **known, **changes}).run("doctor", "--json").stdout
        rows = {row["name"]: row for row in json.loads(answer)["rows"]}
        return [rows[name]["status"] for name in ("pagerduty", "pagerduty webhook")], answer

    statuses, answer = said()
    assert statuses == ["warn", "warn"]
    assert "tier 2, 3 has no escalation policy of its own" in answer
    policies = "1=PTIER01;2=PTIER02;3=PTIER03"
    statuses, _ = said(PAGERDUTY_ESCALATION_POLICIES=policies, PAGERDUTY_WEBHOOK_SECRET="s" * 32)
    assert statuses == ["ok", "ok"]
    statuses, answer = said(PAGERDUTY_API_KEY="u+wrong-key-hunter2")
    assert (statuses[0], "401" in answer, "nter2" in answer) == ("fail", True, False)
    assert not pager.pages


def test_the_doctor_finds_what_fails_and_says_what_it_costs_and_what_mends_it(house: House) -> None:
    answer = house.run("doctor", "--json")
    rows = {row["name"]: row for row in json.loads(answer.stdout)["rows"]}
    assert answer.exit_code == Exit.OTHERWISE
    assert {rows[name]["status"] for name in ("server", "search attributes", "postgres", "migrations")} == {"ok"}
    assert (rows["people"]["status"], rows["people"]["cost"]) == (
        "fail", "nobody is told of an incident, whatever its severity",
    )  # fmt: skip
    assert (rows["jaeger"]["status"], rows["jaeger"]["remedy"]) == ("off", "set JAEGER_URL, or TEMPO_URL")
    assert rows["automation"]["status"] == "warn"
    assert "OBSERVE" in rows["automation"]["said"]


def test_the_doctor_does_not_need_anything_to_be_up() -> None:
    nowhere = {**QUIET, "TEMPORAL_ADDRESS": "127.0.0.1:9", "DATABASE_URL": "postgresql://x@127.0.0.1:9/x"}
    answer = CliRunner().invoke(app, ["doctor", "--json"], env=nowhere)
    rows = {row["name"]: row for row in json.loads(answer.stdout)["rows"]}
    assert answer.exit_code == Exit.OTHERWISE
    assert rows["server"]["said"] == "Temporal cannot be reached: connection refused"
    assert rows["migrations"]["status"] == "fail"


@asynccontextmanager
async def asking(client: Client) -> AsyncGenerator[Handle]:
    """An incident of the real workflow whose plan waits for a decision."""
    async with World(policy=ASKING).living(client) as world:
        handle = await world.open(client, anomaly(), key="incident-cli")
        try:
            await reached(handle, State.WAITING_FOR_APPROVAL)
            yield handle
        finally:
            await ended(handle)


async def reached(handle: Handle, state: State) -> IncidentView:
    async with asyncio.timeout(_HANGS_AFTER_S):
        while (view := await handle.query(IncidentWorkflow.view)).state is not state:  # noqa: ASYNC110 - a server sets no event
            await asyncio.sleep(0.1)
    return view


async def test_a_decision_counts_only_for_the_plan_that_waits_and_from_an_approver(
    house: House, temporal_client: Client
) -> None:
    async with asking(temporal_client) as handle:
        view = await handle.query(IncidentWorkflow.view)
        assert view.waiting is not None
        digest = view.waiting.digest[:8]

        async def run(*arguments: str) -> Result:
            return await asyncio.to_thread(house.run, *arguments)

        wrong = await run("approve", view.incident, "--digest", "00000000", "--yes", "--who", "ana")
        assert wrong.exit_code == Exit.REFUSED
        assert f"digest 00000000 is not {digest}" in wrong.stderr

        stranger = await run("approve", view.incident, "--digest", digest, "--yes", "--who", "eve")
        assert stranger.exit_code == Exit.REFUSED
        assert "'eve' is not an approver" in stranger.stderr

        unasked = await run("approve", view.incident)
        assert unasked.exit_code == Exit.USAGE

        acked = await run("ack", view.incident, "--who", "ana")
        assert (acked.exit_code, acked.stdout) == (Exit.DONE, "accepted: acknowledged by ana (claimed)\n")

        snoozed = await run("snooze", view.incident, "--for", "30m", "--who", "ana")
        assert snoozed.exit_code == Exit.DONE
        assert snoozed.stdout.startswith("accepted: snoozed until ")
        endless = await run("snooze", view.incident, "--for", "9d", "--who", "ana")
        assert endless.exit_code == Exit.REFUSED
        assert "a snooze of 9d is not between 1s and 4h" in endless.stderr

        itself = await run("merge", view.incident, "--into", view.incident, "--reason", "one cause", "--who", "ana")
        assert itself.exit_code == Exit.REFUSED
        assert "an incident cannot be merged into itself" in itself.stderr
        unknown = await run("split", view.incident, "--service", "basket", "--reason", "two causes", "--who", "ana")
        assert unknown.exit_code == Exit.REFUSED
        assert "'basket' is no service of it" in unknown.stderr

        rejected = await run("reject", view.key, "--digest", digest, "--yes", "--who", "mia", "--comment", "not now")
        assert rejected.exit_code == Exit.DONE
        assert rejected.stdout.startswith("accepted: reject by mia (claimed)")
        assert view.waiting.sentence in rejected.stderr
        await reached(handle, State.WAITING_FOR_PEOPLE)

        late = await run("approve", view.incident, "--digest", digest, "--yes", "--who", "ana")
        assert late.exit_code == Exit.REFUSED
        assert "no plan is waiting for a decision" in late.stderr

        resolved = await run("resolve", view.incident, "--who", "ana", "--comment", "restarted it")
        assert resolved.exit_code == Exit.DONE
        await asyncio.wait_for(handle.result(), _HANGS_AFTER_S)
        closed = await run("ack", view.incident)
        assert closed.exit_code == Exit.REFUSED
        assert "is closed; nothing was recorded" in closed.stderr


async def test_an_incident_opened_by_hand_has_an_id_at_once_and_a_second_one_joins_it(
    house: House, temporal_client: Client
) -> None:
    """No worker runs: nothing but Temporal is needed to take it in."""
    said = ("open", "--service", "by-hand", "--severity", "HIGH", "--who", "ana", "--json")
    first = json.loads((await asyncio.to_thread(house.run, *said, "--title", "checkout is slow")).stdout)
    handle = temporal_client.get_workflow_handle("incident-by-hand")
    try:
        assert (first["incident"][:4], first["joined"]) == ("INC-", False)
        second = json.loads((await asyncio.to_thread(house.run, *said, "--title", "and slower")).stdout)
        assert (second["incident"], second["joined"]) == (first["incident"], True)
        async with World(policy=ASKING).living(temporal_client):
            view = await reached(handle, State.WAITING_FOR_PEOPLE)  # pyright: ignore[reportArgumentType]
        assert view.incident == first["incident"]
        assert view.severity is Severity.HIGH
        assert sorted(anomaly.title for anomaly in view.anomalies) == ["and slower", "checkout is slow"]
    finally:
        await ended(handle)


@pytest.mark.parametrize(
    "options", [["--severity", "awful"], ["--since", "soon"], ["--since", "2999-01-01"], ["--title", " "]]
)
def test_what_cannot_be_opened_is_a_usage_error(house: House, options: list[str]) -> None:
    command = ["open", "--service", "orders", "--title", "slow", *options]
    assert house.run(*command).exit_code == Exit.USAGE


async def test_a_worker_is_healthy_while_it_polls_from_here(
    database: str, tmp_path: Path, search_attributes: Sequence[SearchAttributeKey[Any]]
) -> None:
    """On a server of its own: the session's one remembers the workers of other tests for a while."""
    with TemporalServer(tmp_path, search_attributes=search_attributes, settings=HASTY) as server:
        house = {**QUIET, "TEMPORAL_ADDRESS": server.address, "DATABASE_URL": database}

        async def health(*options: str) -> Result:
            return await asyncio.to_thread(CliRunner().invoke, app, ["health", "worker", *options], env=house)

        away = await health("--queues", "analysis")
        assert (away.exit_code, "polls the queue analysis" in away.stderr) == (Exit.UNREACHABLE, True)
        async with World(detects=True).living(await server.connect()), asyncio.timeout(_HANGS_AFTER_S):
            while (await health()).exit_code != Exit.DONE:  # noqa: ASYNC110 - a server sets no event
                await asyncio.sleep(0.2)


def test_migrate_registers_search_attributes_and_may_be_repeated(database: str, tmp_path: Path) -> None:
    with TemporalServer(tmp_path) as server:
        environment = {**QUIET, "TEMPORAL_ADDRESS": server.address, "DATABASE_URL": database}
        for expected in ("NsIncident, NsState", "all were registered"):
            answer = CliRunner().invoke(app, ["migrate", "--search-attributes"], env=environment)
            assert answer.exit_code == Exit.DONE
            assert expected in answer.stderr
        rows = json.loads(CliRunner().invoke(app, ["doctor", "--json"], env=environment).stdout)["rows"]
        assert {row["status"] for row in rows if row["name"] == "search attributes"} == {"ok"}
