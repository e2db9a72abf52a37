"""Ships log lines to Elasticsearch in bulk from a thread of its own, and never makes the service wait.

It speaks the bulk API over httpx: importing the Elasticsearch client takes 2.4 s of processor time in each of
three services that all start at once, and two calls are needed.
"""

import logging
import queue
import threading
import time
from typing import Any

import httpx
from prometheus_client import CollectorRegistry, Counter

LOG_INDEX = "logs-shop"
_KEYWORD = {"type": "keyword"}
_MAPPING: dict[str, Any] = {
    "properties": {
        "@timestamp": {"type": "date"},
        "level": _KEYWORD,
        "service": _KEYWORD,
        "logger": _KEYWORD,
        "message": {"type": "text", "fields": {"keyword": {"type": "keyword", "ignore_above": 1024}}},
        "trace_id": _KEYWORD,
        "span_id": _KEYWORD,
        "error": {
            "properties": {
                "type": _KEYWORD,
                "message": {"type": "text"},
                "stack_trace": {"type": "text", "index": False},
            }
        },
    }
}
_WAITING_LINES = 5000
_BATCH_LINES = 500
_BATCH_SECONDS = 0.5
_REQUEST_SECONDS = 3.0


class LogShipper(logging.Handler):
    """A logging handler with a bounded queue. What does not fit or cannot be delivered is dropped and counted."""

    def __init__(self, url: str, registry: CollectorRegistry) -> None:
        super().__init__()
        self._client = httpx.Client(base_url=url, timeout=_REQUEST_SECONDS, trust_env=False)
        self._lines: queue.Queue[str] = queue.Queue(_WAITING_LINES)
        self._index_exists = False
        self._stopping = threading.Event()
        self._dropped = Counter("log_lines_dropped", "Log lines that did not reach Elasticsearch.", registry=registry)
        self._thread = threading.Thread(target=self._run, name="log-shipper", daemon=True)
        self._thread.start()

    def emit(self, record: logging.LogRecord) -> None:
        """Queue the record; a full queue drops it."""
        try:
            self._lines.put_nowait(self.format(record))
        except queue.Full:
            self._dropped.inc()

    def close(self) -> None:
        """Deliver what is queued if Elasticsearch answers, then end the thread."""
        self._stopping.set()
        self._thread.join(timeout=2 * _REQUEST_SECONDS)
        self._client.close()
        super().close()

    def _run(self) -> None:
        while not self._stopping.is_set() or not self._lines.empty():
            if batch := self._next_batch():
                self._deliver(batch)

    def _next_batch(self) -> list[str]:
        batch: list[str] = []
        deadline = time.monotonic() + _BATCH_SECONDS
        while len(batch) < _BATCH_LINES and (wait := deadline - time.monotonic()) > 0:
            try:
                batch.append(self._lines.get(timeout=wait))
            except queue.Empty:
                break
        return batch

    def _deliver(self, batch: list[str]) -> None:
        try:
            self._ensure_index()
            self._dropped.inc(self._refused(batch))
        except httpx.HTTPError:
            self._dropped.inc(len(batch))
            self._stopping.wait(_BATCH_SECONDS)

    def _refused(self, batch: list[str]) -> int:
        """Send the lines and return how many Elasticsearch did not take."""
        body = "".join(f'{{"create":{{}}}}\n{line}\n' for line in batch)
        answer = self._client.post(
            f"/{LOG_INDEX}/_bulk", content=body, headers={"content-type": "application/x-ndjson"}
        ).raise_for_status()
        return sum("error" in item["create"] for item in answer.json()["items"])

    def _ensure_index(self) -> None:
        if self._index_exists:
            return
        settings = {"number_of_replicas": 0, "refresh_interval": "1s"}
        answer = self._client.put(f"/{LOG_INDEX}", json={"mappings": _MAPPING, "settings": settings})
        # Three services start at once: the second and third find the index there.
        if "resource_already_exists_exception" not in answer.text:
            answer.raise_for_status()
        self._index_exists = True
