"""Following the objects of one kind: every change is handed on, and none is lost when the connection is."""

import threading
from collections.abc import Callable
from typing import Literal

import httpx

from rig.servers.kube_api import ApiError, Json, KubeApi

Change = Literal["there", "gone"]
OnChange = Callable[[Change, Json], None]
"""Called in the watch's thread for what is there at the start, and at each change after that."""

# How long `stop` may have to wait: a thread that waits for the server's next word cannot be woken.
_QUIET_S = 1.0
_RETRY_S = 0.3
_GONE = 410


class Watch:
    """Lists, then watches; after a break it lists again and says what has gone meanwhile."""

    def __init__(self, api: KubeApi, path: str, on_change: OnChange, **query: str) -> None:
        """`query` may narrow it, such as labelSelector="app=orders"."""
        self._api = api
        self._path = path
        self._query = query
        self._on_change = on_change
        self._known: dict[str, Json] = {}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"watch {path}", daemon=True)

    def start(self) -> None:
        """Begin; returns at once."""
        self._thread.start()

    def stop(self) -> None:
        """Hand nothing on any more, and wait for what is being handed on."""
        self.stop_soon()
        if self._thread.ident is not None:
            self._thread.join()

    def stop_soon(self) -> None:
        """As `stop`, without waiting."""
        self._stopping.set()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._follow(self._list())
            except (ApiError, httpx.TransportError):
                # The server is away, or has forgotten where we were: begin again with all that is there.
                self._stopping.wait(_RETRY_S)

    def _list(self) -> str:
        """Hand on what is there; returns the version from which to watch."""
        found = self._api.get(self._path, **self._query)
        there = {item["metadata"]["uid"]: item for item in found["items"]}
        for uid in self._known.keys() - there.keys():
            self._hand_on("gone", self._known[uid])
        for item in there.values():
            self._hand_on("there", item)
        return found["metadata"]["resourceVersion"]

    def _follow(self, version: str) -> None:
        while not self._stopping.is_set():
            try:
                with self._api.watch(self._path, version, _QUIET_S, **self._query) as changes:
                    for change in changes:
                        version = self._take(change)
                        if self._stopping.is_set():
                            return
            except httpx.ReadTimeout:
                continue

    def _take(self, change: Json) -> str:
        item = change["object"]
        if change["type"] == "ERROR":
            raise ApiError(item.get("code", _GONE), item.get("message", "the watch has ended"))
        self._hand_on("gone" if change["type"] == "DELETED" else "there", item)
        return item["metadata"]["resourceVersion"]

    def _hand_on(self, change: Change, item: Json) -> None:
        if self._stopping.is_set():
            return
        if change == "gone":
            self._known.pop(item["metadata"]["uid"], None)
        else:
            self._known[item["metadata"]["uid"]] = item
        self._on_change(change, item)
