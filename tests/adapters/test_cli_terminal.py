"""`nightshift watch` on a terminal: it redraws one frame, q quits, and a approves what waits."""

import asyncio
import json
import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from temporalio.client import Client

from domain.incident import State
from rig.servers.temporal import TemporalServer
from starter.cli.exits import Exit
from tests.adapters.test_cli import QUIET, asking, reached
from workflows.incident import IncidentWorkflow

_PROGRAM = Path(sys.executable).with_name("nightshift")
_HANGS_AFTER_S = 60.0


class Terminal:
    """A program in a pseudo-terminal: what it showed, and keys for it."""

    def __init__(self, *arguments: str, **environment: str) -> None:
        self._ours, theirs = pty.openpty()
        self.process = subprocess.Popen(
            [_PROGRAM, *arguments], stdin=theirs, stdout=theirs, stderr=theirs,
            env={**os.environ, "TERM": "xterm", "COLUMNS": "120", **environment},
        )  # fmt: skip
        os.close(theirs)
        self.shown = ""

    async def shows(self, text: str) -> None:
        """Wait until the text has been shown."""
        async with asyncio.timeout(_HANGS_AFTER_S):
            while text not in self.shown:
                self.shown += (await asyncio.to_thread(os.read, self._ours, 4096)).decode(errors="replace")

    def press(self, keys: str) -> None:
        os.write(self._ours, keys.encode())

    async def ends(self) -> int:
        return await asyncio.to_thread(self.process.wait, _HANGS_AFTER_S)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self._ours)


@contextmanager
def terminal(*arguments: str, **environment: str) -> Generator[Terminal]:
    opened = Terminal(*arguments, **environment)
    try:
        yield opened
    finally:
        opened.close()


async def test_q_quits_and_a_approves_with_four_characters_of_the_digest(
    temporal_dev: TemporalServer, temporal_client: Client, store_address: str
) -> None:
    environment = {**QUIET, "TEMPORAL_ADDRESS": temporal_dev.address, "DATABASE_URL": store_address}
    async with asking(temporal_client) as handle:
        view = await handle.query(IncidentWorkflow.view)
        assert view.waiting is not None
        with terminal("watch", view.key, **environment, LOGNAME="ana") as screen:
            await screen.shows("q quits, a approves what waits")
            screen.press("a")
            await screen.shows("type the first 4 characters")
            screen.press("0000")
            await screen.shows("nothing was recorded")
            screen.press("a")
            await screen.shows("type the first 4 characters")
            screen.press(view.waiting.digest[:4])
            await screen.shows("accepted: approve by ana")
            await reached(handle, State.VERIFYING)
            screen.press("q")
            assert await screen.ends() == 0


async def test_piped_and_without_colour_it_is_lines_without_codes_and_ctrl_c_leaves_the_incident_alone(
    temporal_dev: TemporalServer, temporal_client: Client, store_address: str
) -> None:
    environment = {**os.environ, **QUIET, "TEMPORAL_ADDRESS": temporal_dev.address, "DATABASE_URL": store_address}
    # A child inherits that a signal is ignored, as a shell's background jobs have it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    async with asking(temporal_client) as handle:
        plain = await _interrupted(environment, handle.id, "--plain")
        assert all(re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ INC-", line) for line in plain)
        events = [json.loads(line) for line in await _interrupted(environment, handle.id, "--json")]
        assert {event["schema"] for event in events} == {"nightshift.event/1"}
        assert [event["seq"] for event in events] == sorted(event["seq"] for event in events)
        assert (await handle.query(IncidentWorkflow.view)).state is State.WAITING_FOR_APPROVAL


async def _interrupted(environment: dict[str, str], incident: str, option: str) -> list[str]:
    """The lines of a watch that is piped, until Ctrl-C after the first of them."""
    watching = await asyncio.create_subprocess_exec(
        _PROGRAM, "watch", incident, option, env={**environment, "NO_COLOR": "1"},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert watching.stdout is not None
    first = await watching.stdout.readline()
    watching.send_signal(signal.SIGINT)
    rest, said = await asyncio.wait_for(watching.communicate(), _HANGS_AFTER_S)
    assert watching.returncode == Exit.INTERRUPTED
    assert "stopped watching; the incident goes on" in said.decode()
    assert b"\x1b" not in first + rest
    return (first + rest).decode().splitlines()
