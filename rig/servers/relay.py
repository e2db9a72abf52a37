"""What listens on a port in a thread of its own and hands each connection over to somewhere else."""

import asyncio
import threading
from abc import abstractmethod

from rig.servers.ports import LOOPBACK
from rig.servers.server import Server


class Relay(Server):
    """Listens on `port` of loopback, from `start` to `stop`."""

    def __init__(self, port: int, name: str) -> None:
        self._port = port
        self._loop: asyncio.AbstractEventLoop | None = None
        self._listening = threading.Event()
        self._trouble: OSError | None = None
        self._stopping = asyncio.Event()
        self._carried: set[asyncio.Task[None]] = set()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name=name, daemon=True)

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

    @abstractmethod
    async def _hand_over(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection, and close it."""

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
