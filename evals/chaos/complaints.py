"""What the application of a service under care logs when it is in trouble."""

import json
from datetime import UTC, datetime

import httpx

INDEX = "logs-care"
_LINES = 40


def open_log(elasticsearch_url: str) -> None:
    """The index, with names as whole words: left to guess, Elasticsearch would cut them at their hyphens."""
    names = {name: {"type": "keyword"} for name in ("service", "level")}
    fields = {**names, "@timestamp": {"type": "date"}, "message": {"type": "text"}}
    body = {"mappings": {"properties": fields}, "settings": {"number_of_replicas": 0}}
    httpx.put(f"{elasticsearch_url}/{INDEX}", json=body, timeout=60, trust_env=False).raise_for_status()


def no_connection(database: str) -> str:
    """What PostgreSQL tells an application for which there is no connection left, as the application logs it."""
    return f'connection failed: FATAL: too many connections for database "{database}"'


def complain(elasticsearch_url: str, service: str, message: str) -> None:
    """Lines of this very moment, findable when the call returns. Raises httpx.HTTPError."""
    lines: list[str] = []
    for _ in range(_LINES):
        line = {
            "@timestamp": datetime.now(UTC).isoformat(), "service": service, "level": "ERROR", "message": message,
        }  # fmt: skip
        lines += [json.dumps({"index": {}}), json.dumps(line)]
    answer = httpx.post(
        f"{elasticsearch_url}/{INDEX}/_bulk?refresh=true", content="\n".join(lines) + "\n",
        headers={"Content-Type": "application/x-ndjson"}, timeout=60, trust_env=False,
    )  # fmt: skip
    answer.raise_for_status()
