"""Database sessions that are held and watched: the server says when and why one of them ends."""

import select
import threading
import time

import psycopg

from rig.faults.fault import EndedSession

_LOOK_EVERY_SECONDS = 0.2


class HeldSessions:
    """Sessions that stay as they are until the server ends them or `close` is called.

    They are never touched while they live: a statement would renew their idle age. The watching thread waits
    for bytes on their sockets, which a server sends to an idle session only to say goodbye.
    """

    def __init__(self) -> None:
        self._held: list[psycopg.Connection] = []
        self._ended: list[EndedSession] = []
        self._opened = 0
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="held-sessions", daemon=True)
        self._watcher.start()

    def hold(self, connection: psycopg.Connection) -> None:
        """Keep this session and watch it."""
        with self._lock:
            self._held.append(connection)
            self._opened += 1

    @property
    def opened(self) -> int:
        """How many sessions were ever held."""
        return self._opened

    @property
    def held(self) -> int:
        """How many sessions live now."""
        with self._lock:
            return len(self._held)

    @property
    def pids(self) -> tuple[int, ...]:
        """The server's process ids of the sessions that live now."""
        with self._lock:
            return tuple(connection.info.backend_pid for connection in self._held)

    @property
    def ended(self) -> tuple[EndedSession, ...]:
        """The sessions that the server ended, oldest first."""
        with self._lock:
            return tuple(self._ended)

    def close(self) -> None:
        """Close what is left; these do not count as ended."""
        self._closing.set()
        self._watcher.join(timeout=5)
        with self._lock:
            for connection in self._held:
                connection.close()
            self._held.clear()

    def _watch(self) -> None:
        while not self._closing.wait(_LOOK_EVERY_SECONDS):
            with self._lock:
                held = list(self._held)
            if held:
                readable, _, _ = select.select(held, [], [], 0)
                for connection in readable:
                    self._settle(connection)

    def _settle(self, connection: psycopg.Connection) -> None:
        """Ask the server what it has to say: a session that it ended answers any statement with its last error."""
        pid = connection.info.backend_pid
        try:
            connection.execute("SELECT 1")
        except psycopg.Error as error:
            first_line = str(error).splitlines()[0] if str(error) else type(error).__name__
            ended = EndedSession(pid, error.sqlstate, first_line, time.time())
            connection.close()
            with self._lock:
                self._held.remove(connection)
                self._ended.append(ended)
