"""Clients that ask for the same thing again and again, each as soon as it was answered or after a pause."""

import threading

import httpx

_SECONDS = 30.0


class Callers:
    """`clients` threads that GET `url` until they are stopped, `pause_s` seconds apart. Errors do not stop them: they
    are clients, and try again.
    """

    def __init__(self, url: str, clients: int, pause_s: float = 0.0) -> None:
        self._url = url
        self._pause_s = pause_s
        self._clients = clients
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Begin to ask; called again, as many more do."""
        for _ in range(self._clients):
            thread = threading.Thread(target=self._ask, name="caller", daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        """Ask no more, and wait until the last answers have come. Harmless when it was never started."""
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def _ask(self) -> None:
        with httpx.Client(timeout=_SECONDS, trust_env=False) as http:
            while not self._stopping.is_set():
                try:
                    http.get(self._url)
                except httpx.HTTPError:
                    self._stopping.wait(0.2)
                self._stopping.wait(self._pause_s)
