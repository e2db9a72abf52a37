"""What a cluster's network does for a Service: one stable address that leads to whichever pods are ready."""

import asyncio
import itertools
import threading
from collections.abc import Sequence
from contextlib import suppress

from rig.kubelet.addresses import address
from rig.kubelet.pods import Pods
from rig.servers.ports import LOOPBACK
from rig.servers.server import Server

_CONNECT_SECONDS = 1.0
_CHUNK = 65_536


class ServiceProxy(Server):
    """Listens on `port` and hands each TCP connection to a ready pod's port named `port_name`, in turn.

    A pod that refuses is passed over; with no pod that takes it the connection is closed, as a refused one would be.
    """

    def __init__(self, pods: Pods, port_name: str, port: int) -> None:
        self._pods = pods
        self._port_name = port_name
        self._port = port
        self._turns = itertools.count()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._listening = threading.Event()
        self._trouble: OSError | None = None
        self._thread = threading.Thread(target=self._run, name=f"service proxy {port}", daemon=True)
        self._stopping = asyncio.Event()
        self._carried: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Listen; OSError where the port is taken."""
        self._thread.start()
        self._listening.wait()
        if self._trouble is not None:
            raise self._trouble

    def stop(self) -> None:
        """Close all connections and listen no longer."""
        if self._loop is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stopping.set)
            self._thread.join()

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        try:
            server = await asyncio.start_server(self._take, LOOPBACK, self._port)
        except OSError as error:
            self._trouble = error
            return
        finally:
            self._listening.set()
        await self._stopping.wait()
        server.close()
        for one in self._carried:
            one.cancel()
        await asyncio.gather(*self._carried, return_exceptions=True)

    def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """A task of our own: Python 3.11 reports one of its own that is cancelled as an error."""
        task = asyncio.create_task(self._hand_over(reader, writer))
        self._carried.add(task)
        task.add_done_callback(self._carried.discard)

    async def _hand_over(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there = await self._connect()
            if there is not None:
                await _join((reader, writer), there)
        finally:
            writer.close()

    async def _connect(self) -> "Stream | None":
        """A connection to the first pod that takes it, None when none does."""
        for backend in self._backends():
            host, _, port = backend.partition(":")
            with suppress(OSError):  # TimeoutError is one
                async with asyncio.timeout(_CONNECT_SECONDS):
                    return await asyncio.open_connection(host, int(port))
        return None

    def _backends(self) -> Sequence[str]:
        """The addresses of ready pods, each time beginning with the next one."""
        found = [where for pod in self._pods.ready if (where := address(pod, self._port_name))]
        first = next(self._turns) % len(found) if found else 0
        return [*found[first:], *found[:first]]


Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def _join(one: Stream, other: Stream) -> None:
    """Carry bytes both ways until both sides have said all, or one of them breaks off."""
    try:
        async with asyncio.TaskGroup() as both:
            both.create_task(_carry(one[0], other[1]))
            both.create_task(_carry(other[0], one[1]))
    finally:
        other[1].close()


async def _carry(source: asyncio.StreamReader, to: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while chunk := await source.read(_CHUNK):
            to.write(chunk)
            await to.drain()
    if to.can_write_eof() and not to.is_closing():
        with suppress(OSError):
            to.write_eof()
