"""Single keys from a terminal, without waiting for Enter."""

import asyncio
import os
import sys
import termios
import tty
from types import TracebackType
from typing import Self


class Keys:
    """While the block lasts, keys arrive one by one and are not echoed; Ctrl-C works as ever."""

    def __init__(self) -> None:
        self._file = sys.stdin.fileno()
        self._pressed: asyncio.Queue[str] = asyncio.Queue()

    def __enter__(self) -> Self:
        self._before = termios.tcgetattr(self._file)
        tty.setcbreak(self._file)
        asyncio.get_running_loop().add_reader(self._file, self._read)
        return self

    def _read(self) -> None:
        # Not through sys.stdin: its buffer would keep what was typed fast.
        self._pressed.put_nowait(os.read(self._file, 1).decode(errors="ignore"))

    async def next(self, within_s: float) -> str | None:
        """The next key, None when nobody presses one in time."""
        try:
            async with asyncio.timeout(within_s):
                return await self._pressed.get()
        except TimeoutError:
            return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.get_running_loop().remove_reader(self._file)
        termios.tcsetattr(self._file, termios.TCSADRAIN, self._before)
