"""Whatever way a server is started, none outlives a session that was killed with SIGKILL."""

import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux can tie a child to its parent's life")

POSTGRES = """
from rig.servers.postgres import PostgresServer
server = PostgresServer(folder)
server.start()
session = server.connect()
ready()
"""
TEMPORAL = """
from rig.servers.temporal import TemporalServer
server = TemporalServer(folder)
server.start()
ready()
"""
TIME_SKIPPING = """
import asyncio
from rig.servers.temporal_test import time_skipping
async def run():
    async with time_skipping():
        ready()
asyncio.run(run())
"""
KUBERNETES = """
from rig.kubelet.kubelet import Kubelet
from rig.servers.kubernetes import KubernetesServer
from rig.servers.waiting import wait_until
server = KubernetesServer(folder)
server.start()
Kubelet(server.api, folder / "pods").start()
pod = {"containers": [{"name": "c", "image": "none", "command": ["sleep", "600"]}]}
server.api.apply({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "default"}, "spec": pod})
path = "/api/v1/namespaces/default/pods/p"
wait_until("the pod runs", lambda: server.api.get(path)["status"]["phase"] == "Running", 30)
ready()
"""
SESSION = """
import sys, time
from pathlib import Path
folder = Path(sys.argv[1])
def ready():
    print("ready", flush=True)
    time.sleep(600)
"""


@pytest.mark.parametrize(
    "server",
    [POSTGRES, TEMPORAL, TIME_SKIPPING, KUBERNETES],
    ids=["postgres", "temporal", "time skipping", "kubernetes and its pods"],
)
def test_no_server_outlives_a_session_that_was_killed(server: str, tmp_path: Path) -> None:
    argv = [sys.executable, "-c", SESSION + server, str(tmp_path)]
    session = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)
    assert session.stdout is not None
    with session.stdout as output:
        assert output.readline() == "ready\n"
        servers = psutil.Process(session.pid).children(recursive=True)
        assert servers
        session.kill()
        session.wait()
    assert _survivors(servers) == []


def _survivors(processes: list[psutil.Process]) -> list[psutil.Process]:
    """Those that still run after ten seconds; PostgreSQL ends its sessions and saves first."""
    give_up = time.monotonic() + 10
    while time.monotonic() < give_up and any(_runs(process) for process in processes):
        time.sleep(0.05)
    return [process for process in processes if _runs(process)]


def _runs(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
