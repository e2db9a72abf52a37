"""What stands in for Tempo: search by the TraceQL that is asked here, and traces by id, as documented.

Spans come as OTLP's JSON, by its HTTP receiver, and leave as Tempo writes them: ids in base64, kinds and codes by name,
ids of traces in a search without leading zeros. See docs/sources.md.
"""

import base64
import re
from collections.abc import Mapping
from typing import Any

from rig.servers.stand_in import Asked, Refused, StandIn, exactly

_STRING = r'"(?:[^"\\\n]|\\.)*"'
_QUERY = re.compile(rf"\{{ resource\.service\.name = ({_STRING})( && status = error)? \}}")
_KINDS = ("UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER")
_CODES = ("UNSET", "OK", "ERROR")
Span = dict[str, Any]


class TempoStandIn(StandIn):
    """The query API at `url`, and spans go to `otlp_url`. A trace of `too_large` spans or more is refused by its id."""

    def __init__(self, *, token: str | None = None, tenant: str | None = None, too_large: int = 1000) -> None:
        super().__init__(token=token, tenant=tenant)
        self.too_large = too_large
        self.batches: list[dict[str, Any]] = []

    @property
    def otlp_url(self) -> str:
        return f"{self.url}/v1/traces"

    def push(self, body: Mapping[str, Any]) -> None:
        """Batches of spans."""
        self.batches += body["resourceSpans"]

    def answer(self, path: str, asked: Asked) -> dict[str, Any]:
        """The body of a success; raises Refused."""
        if path == "/api/search":
            return self._search(asked)
        if found := re.fullmatch(r"/api/traces/([0-9a-fA-F]{1,32})", path):
            return self._trace(found[1].lower().zfill(32), asked)
        raise Refused(404, "404 page not found")

    def _search(self, asked: Asked) -> dict[str, Any]:
        exactly(asked, {"q", "limit", "spss", "start", "end"})
        query = _QUERY.fullmatch(asked["q"])
        if query is None:
            raise Refused(400, "invalid TraceQL query: parse error at line 1, col 3: syntax error")
        start, end = int(asked["start"]), int(asked["end"])
        if end <= start:
            raise Refused(400, f"http parameter start must be before end. received start={start} end={end}")
        service = query[1][1:-1].encode("ascii").decode("unicode_escape")
        spans = [
            s for name, s in self._spans() if name == service and _overlaps(s, start, end)
            and (not query[2] or s.get("status", {}).get("code") == _CODES.index("ERROR"))
        ]  # fmt: skip
        ids = list(dict.fromkeys(span["traceId"] for span in spans))[: int(asked["limit"])]
        traces = [{"traceID": i.lstrip("0"), "rootServiceName": service, "durationMs": 1} for i in ids]
        return {"traces": traces, "metrics": {"inspectedTraces": len(ids)}}

    def _trace(self, trace_id: str, asked: Asked) -> dict[str, Any]:
        exactly(asked, {"start", "end"})
        batches: list[dict[str, Any]] = []
        for batch in self.batches:
            scopes: list[dict[str, Any]] = [
                {"scope": {}, "spans": [_written(s) for s in scope["spans"] if s["traceId"] == trace_id]}
                for scope in batch["scopeSpans"]
            ]
            if any(scope["spans"] for scope in scopes):
                batches.append({"resource": batch["resource"], "scopeSpans": scopes})
        if not batches:
            raise Refused(404, "trace not found")
        if sum(len(scope["spans"]) for batch in batches for scope in batch["scopeSpans"]) >= self.too_large:
            raise Refused(422, "response larger than the max (5000000 vs 1000)")
        return {"batches": batches}

    def _spans(self) -> list[tuple[str, Span]]:
        found: list[tuple[str, Span]] = []
        for batch in self.batches:
            names = [a["value"]["stringValue"] for a in batch["resource"]["attributes"] if a["key"] == "service.name"]
            found += [(names[0], span) for scope in batch["scopeSpans"] for span in scope["spans"]]
        return found


def _overlaps(span: Span, start: int, end: int) -> bool:
    return int(span["startTimeUnixNano"]) <= end * 10**9 and int(span["endTimeUnixNano"]) >= start * 10**9


def _written(span: Span) -> Span:
    ids = {name: base64.b64encode(bytes.fromhex(span[name])).decode() for name in ("traceId", "spanId", "parentSpanId")}
    status = {**span["status"], "code": f"STATUS_CODE_{_CODES[span['status']['code']]}"} if "status" in span else {}
    return {**span, **ids, "kind": f"SPAN_KIND_{_KINDS[span['kind']]}", "status": status}
