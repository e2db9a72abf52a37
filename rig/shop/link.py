"""A network between two services that can be made bad: a TCP proxy whose bytes may take their time."""

import asyncio
from contextlib import suppress

from rig.servers.ports import LOOPBACK, free_port
from rig.servers.relay import Relay

_CHUNK = 65_536


class Link(Relay):
    """Leads from `url` to the port `to` on loopback. `delay_s` is what every piece of data takes on its way there and
    back, in seconds; it may change at any time, and holds for open connections too.
    """

    def __init__(self, to: int) -> None:
        port = free_port()
        super().__init__(port, "shop-link")
        self._to = to
        self.url = f"http://{LOOPBACK}:{port}"
        self.delay_s = 0.0

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
