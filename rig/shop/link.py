"""A network between two services that can be made bad: a TCP proxy whose bytes may take their time."""

import asyncio
import threading
from contextlib import suppress

from rig.servers.ports import LOOPBACK, free_port
from rig.servers.server import Server

_CHUNK = 65_536


class Link(Server):
    """Leads from `url` to the port `to` on loopback. `delay_s` is what every piece of data takes on its way there and
    back, in seconds; it may change at any time, and holds for open connections too.
    """

    def __init__(self, to: int) -> None:
        self._to = to
        self._port = free_port()
        self.url = f"http://{LOOPBACK}:{self._port}"
        self.delay_s = 0.0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._listening = threading.Event()
        self._trouble: OSError | None = None
        self._stopping = asyncio.Event()
        self._carried: set[asyncio.Task[None]] = set()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="shop-link", daemon=True)

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
        """Carry bytes both ways until both sides have said all, or one of them breaks off."""
        with suppress(OSError):  # nobody there: the caller's connection is closed, as a refused one would be
            there_reader, there_writer = await asyncio.open_connection(LOOPBACK, self._to)
            try:
                async with asyncio.TaskGroup() as both:
                    both.create_task(self._carry(reader, there_writer))
                    both.create_task(self._carry(there_reader, writer))
            finally:
                there_writer.close()
        writer.close()

    async def _carry(self, source: asyncio.StreamReader, to: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while chunk := await source.read(_CHUNK):
                if self.delay_s:
                    await asyncio.sleep(self.delay_s)
                to.write(chunk)
                await to.drain()
        if to.can_write_eof() and not to.is_closing():
            with suppress(OSError):
                to.write_eof()
