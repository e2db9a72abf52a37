"""A worker that is killed with SIGKILL loses nothing and does nothing twice."""

import asyncio

from temporalio.client import Client

from domain.incident import Attempt
from tests.durability.house import SESSIONS, Handle, House, sqlstate, timers, until_timer
from tests.durability.wiretap import Strike, Wiretap
from workflows.incident import IncidentWorkflow

ENDS = 60
SETTLE = "until the fix can be judged"


async def _end(house: House, handle: Handle) -> Attempt:
    """Every claim that holds whenever the worker died: fixed once, counted once, closed once."""
    try:
        summary = await asyncio.wait_for(handle.result(), ENDS)
    except TimeoutError:
        view = await handle.query(IncidentWorkflow.view)
        raise AssertionError("not over in time:\n" + "\n".join(f"{e.kind}: {e.text}" for e in view.timeline)) from None
    view = await handle.query(IncidentWorkflow.view)
    assert summary.outcome == "auto_resolved", [f"{e.kind}: {e.text}" for e in view.timeline]
    assert len(view.attempts) == 1
    assert house.ended() == ["57P01"] * SESSIONS
    rows = house.audited(summary.incident)
    assert [row.affected for row in rows] == [SESSIONS]
    assert [process.running for process in house.dead] == [False], "the worker was killed exactly once"
    assert await timers(handle, SETTLE) == 1
    return view.attempts[0]


async def test_killed_while_investigating_it_asks_again_and_no_finding_is_missing(
    house: House, temporal_client: Client
) -> None:
    """The blow falls while Prometheus is being asked, before it has answered."""
    strike = Strike(b"query_range", 1, "before the answer", house.kill_worker)
    with Wiretap(_address(house), strike) as tap:
        house.start_worker(prometheus_port=tap.port)
        handle = await house.open_incident(temporal_client, "killed-investigating")
        await asyncio.to_thread(tap.struck.wait, ENDS)
        house.start_worker()
        await _end(house, handle)
    view = await handle.query(IncidentWorkflow.view)
    assert not [f.title for f in view.findings if f.source == "metrics" and f.presence == "missing"]


async def test_killed_between_act_and_record_it_counts_what_was_done_and_touches_nothing_new(
    house: House, temporal_client: Client
) -> None:
    """The blow falls when the server has ended the third of five sessions, and the worker has not heard of it.

    Before the new worker starts, somebody opens idle sessions of the very same kind: they were never intended.
    """
    strike = Strike(b"pg_terminate_backend(pid) AS signalled", 3, "after the answer", house.kill_worker)
    with Wiretap(str(house.postgres.socket_folder / ".s.PGSQL.5432"), strike) as tap:
        house.start_worker(remedy_port=tap.port)
        handle = await house.open_incident(temporal_client, "killed-acting")
        await asyncio.to_thread(tap.struck.wait, ENDS)
        assert len(house.ended()) == 3, "three sessions were ended when the worker died"
        newcomers = [house.open_session() for _ in range(2)]
        await asyncio.sleep(1.5)  # older than the idle age of the plan: only the intent protects them now
        house.start_worker()
        attempt = await _end(house, handle)
    assert attempt.executed is not None
    assert attempt.executed.affected == SESSIONS
    assert [sqlstate(session) for session in newcomers] == [None, None]


async def test_killed_while_it_waits_to_verify_the_timer_fires_once_and_nothing_is_done_again(
    house: House, temporal_client: Client
) -> None:
    """The blow falls when history shows that the timer has started."""
    house.start_worker()
    handle = await house.open_incident(temporal_client, "killed-verifying")
    await until_timer(handle, SETTLE)
    house.kill_worker()
    house.start_worker()
    await _end(house, handle)


def _address(house: House) -> tuple[str, int]:
    host, port = house.prometheus.url.removeprefix("http://").split(":")
    return host, int(port)
