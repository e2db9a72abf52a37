"""What stands in for Loki: its push and query API as documented, for the LogQL that is asked here and no other.

Shapes, words and statuses are those of grafana.com's documentation of Loki 3 and its source; see docs/sources.md.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rig.servers.stand_in import Asked, Refused, StandIn, exactly

MOST_ENTRIES = 5000
_STRING = r'"(?:[^"\\\n]|\\.)*"'
_LABEL = r"[a-zA-Z_][a-zA-Z0-9_]*"
_SELECTOR = re.compile(rf"\{{({_LABEL})=~({_STRING})\}}(?: \| ({_LABEL})=~({_STRING}))?")
_COUNT = re.compile(r"sum\(count_over_time\((.*) \[(\d+)ms\]\)\)")
_PARAMETERS = {"query_range": {"query", "start", "end", "limit", "direction"}, "query": {"query", "time"}}


@dataclass(frozen=True)
class _Entry:
    at: int
    line: str
    labels: Mapping[str, str]


class LokiStandIn(StandIn):
    """Takes lines by its push API, and gives them by its query API."""

    def __init__(self, *, token: str | None = None, tenant: str | None = None) -> None:
        super().__init__(token=token, tenant=tenant)
        self.entries: list[_Entry] = []

    def push(self, body: Mapping[str, Any]) -> None:
        """Lines of streams; structured metadata counts as labels of its line."""
        for stream in body["streams"]:
            for at, line, *metadata in stream["values"]:
                self.entries.append(_Entry(int(at), line, {**stream["stream"], **(metadata[0] if metadata else {})}))

    def answer(self, path: str, asked: Asked) -> dict[str, Any]:
        """The body of a success; raises Refused."""
        kind = path.removeprefix("/loki/api/v1/")
        if kind not in _PARAMETERS:
            raise Refused(404, "404 page not found")
        exactly(asked, _PARAMETERS[kind])
        return self._lines(asked) if kind == "query_range" else self._count(asked)

    def _lines(self, asked: Asked) -> dict[str, Any]:
        limit = int(asked["limit"])
        if limit > MOST_ENTRIES:
            raise Refused(
                400, f"max entries limit per query exceeded, limit > max_entries_limit_per_query ({limit} > "
                f"{MOST_ENTRIES})",
            )  # fmt: skip
        if asked["direction"] != "backward":
            raise Refused(400, "only backward is asked here")
        found = self._found(asked["query"], int(asked["start"]), int(asked["end"]))
        newest = sorted(found, key=lambda entry: entry.at, reverse=True)[:limit]
        streams = [{"stream": dict(e.labels), "values": [[str(e.at), e.line]]} for e in reversed(newest)]
        return _success("streams", streams)

    def _count(self, asked: Asked) -> dict[str, Any]:
        query = _COUNT.fullmatch(asked["query"])
        if query is None:
            raise Refused(400, f"parse error at line 1, col 1: syntax error: {asked['query']}")
        time = int(asked["time"])
        first = time - int(query[2]) * 1_000_000 + 1
        count = len(self._found(query[1], first, time + 1))
        return _success("vector", [{"metric": {}, "value": [time / 1e9, str(count)]}] if count else [])

    def _found(self, query: str, start: int, end: int) -> list[_Entry]:
        """Those of the query within [start, end); raises Refused for any other LogQL."""
        parts = _SELECTOR.fullmatch(query)
        if parts is None:
            raise Refused(400, f"parse error at line 1, col 1: syntax error: unexpected input in {query}")
        conditions = [(parts[1], _pattern(parts[2]))] + ([(parts[3], _pattern(parts[4]))] if parts[3] else [])
        return [
            e for e in self.entries
            if start <= e.at < end and all(p.fullmatch(e.labels.get(label, "")) for label, p in conditions)
        ]  # fmt: skip


def _pattern(string: str) -> re.Pattern[str]:
    """Of Go's string, with Go's escapes for characters, which are Python's as well."""
    text = string[1:-1].encode("ascii").decode("unicode_escape")
    if not text.strip("|"):
        raise Refused(
            400, "queries require at least one regexp or equality matcher that does not have an empty-compatible value."
        )
    return re.compile(text)


def _success(kind: str, result: list[Any]) -> dict[str, Any]:
    return {"status": "success", "data": {"resultType": kind, "result": result, "stats": {}}}
