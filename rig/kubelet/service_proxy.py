"""What a cluster's network does for a Service: one stable address that leads to whichever pods are ready."""

import asyncio
import itertools
from collections.abc import Sequence
from contextlib import suppress

from rig.kubelet.addresses import address
from rig.kubelet.pods import Pods
from rig.servers.relay import Relay

_CONNECT_SECONDS = 1.0
_CHUNK = 65_536


class ServiceProxy(Relay):
    """Listens on `port` and hands each TCP connection to a ready pod's port named `port_name`, in turn.

    A pod that refuses is passed over; with no pod that takes it the connection is closed, as a refused one would be.
    """

    def __init__(self, pods: Pods, port_name: str, port: int) -> None:
        super().__init__(port, f"service proxy {port}")
        self._pods = pods
        self._port_name = port_name
        self._turns = itertools.count()

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
