"""What stands in for Datadog: search and count of logs, and time series, as its API is documented.

It takes the queries that are asked here and no others. See docs/sources.md.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from rig.servers.serving import Answering, Served

API_KEY, APP_KEY = "rig-datadog-api-key", "rig-datadog-app-key"
LARGEST_PAGE = 1000
_TERMS = r'\("[^"\\]+"(?: OR "[^"\\]+")*\)'
_LOGS = re.compile(rf"service:({_TERMS})(?: status:({_TERMS}))?")
_METRIC = re.compile(
    r"(?:avg|sum|min|max):[a-z0-9_.]+\{[a-z0-9_.:,*/-]+\}(?: by \{[a-z_,]+\})?(?:\.[a-z_]+\([^()]*\))*"
)
Line = Mapping[str, Any]


class _Refused(Exception):
    def __init__(self, status: int, words: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(words)
        self.status = status
        self.headers = headers or {}


@dataclass
class DatadogStandIn(Served):
    """The API at `url`, for whoever has both keys. `lines` are attributes of log events, `series` those of metrics."""

    lines: list[Line] = field(default_factory=list[Line])
    series: list[Mapping[str, Any]] = field(default_factory=list[Mapping[str, Any]])
    asked: list[str] = field(default_factory=list[str])
    refuses_with: tuple[int, str, Mapping[str, str]] | None = None
    meta: Mapping[str, Any] = field(default_factory=lambda: {"status": "done"})

    def __post_init__(self) -> None:
        super().__init__(type("DatadogHandler", (_Handler,), {"served": self}))

    def answer(self, method: str, path: str, asked: Mapping[str, Any]) -> dict[str, Any]:
        """The body of a success; raises _Refused."""
        self.asked.append(path)
        if self.refuses_with is not None:
            raise _Refused(*self.refuses_with)
        match method, path:
            case "POST", "/api/v2/logs/events/search":
                return self._search(asked)
            case "POST", "/api/v2/logs/analytics/aggregate":
                return self._count(asked)
            case "GET", "/api/v1/query":
                return self._query(asked)
            case _:
                raise _Refused(404, "Not found")

    def _search(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        page = asked["page"]
        if set(asked) != {"filter", "page", "sort"} or asked["sort"] != "-timestamp":
            raise _Refused(400, f"wrong search: {sorted(asked)}")
        if not 0 < page["limit"] <= LARGEST_PAGE:
            raise _Refused(400, "page[limit] must be between 1 and 1000")
        found = self._found(asked["filter"])
        first = int(page.get("cursor", "at-0").removeprefix("at-"))
        last = first + page["limit"]
        after = {"page": {"after": f"at-{last}"}} if last < len(found) else {}
        events = [{"id": str(n), "type": "log", "attributes": line} for n, line in enumerate(found[first:last], first)]
        return {"data": events, "meta": {"request_id": "r", "elapsed": 1, **self.meta, **after}}

    def _count(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        if set(asked) != {"filter", "compute"} or asked["compute"] != [{"aggregation": "count"}]:
            raise _Refused(400, f"wrong aggregation: {sorted(asked)}")
        found = len(self._found(asked["filter"]))
        return {"data": {"buckets": [{"by": {}, "computes": {"c0": found}}]}, "meta": {"status": "done"}}

    def _found(self, condition: Mapping[str, str]) -> list[Line]:
        """Newest first; both ends of the times belong to them."""
        parts = _LOGS.fullmatch(condition["query"])
        if parts is None or set(condition) != {"query", "from", "to"}:
            raise _Refused(400, "Invalid query")
        services, statuses = (set(re.findall('"([^"]+)"', part or "")) for part in parts.groups())
        start, end = (datetime.fromisoformat(condition[name]) for name in ("from", "to"))
        found = [
            line for line in self.lines
            if line["service"] in services and (not statuses or line["status"] in statuses)
            and start <= datetime.fromisoformat(line["timestamp"]) <= end
        ]  # fmt: skip
        return sorted(found, key=lambda line: str(line["timestamp"]), reverse=True)

    def _query(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        if set(asked) != {"from", "to", "query"}:
            raise _Refused(400, f"wrong parameters: {sorted(asked)}")
        if not _METRIC.fullmatch(asked["query"]):
            raise _Refused(400, "Error parsing query: unable to parse")
        return {"status": "ok", "res_type": "time_series", "query": asked["query"], "series": self.series}


class _Handler(Answering):
    served: DatadogStandIn

    def do_GET(self) -> None:  # noqa: N802 - its name there
        self._reply({name: values[-1] for name, values in parse_qs(urlsplit(self.path).query).items()})

    def do_POST(self) -> None:  # noqa: N802 - its name there
        self._reply(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

    def _reply(self, asked: Mapping[str, Any]) -> None:
        try:
            self._let_in()
            self._send(200, self.served.answer(self.command, urlsplit(self.path).path, asked), {})
        except _Refused as refused:
            self._send(refused.status, {"errors": [str(refused)]}, refused.headers)

    def _let_in(self) -> None:
        if (self.headers.get("DD-API-KEY"), self.headers.get("DD-APPLICATION-KEY")) != (API_KEY, APP_KEY):
            raise _Refused(403, "Forbidden")

    def _send(self, status: int, body: Mapping[str, Any], headers: Mapping[str, str]) -> None:
        self.write(status, json.dumps(body), {"Content-Type": "application/json", **headers})
