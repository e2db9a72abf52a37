"""JSON logs of a shop service: one object per line in a file, and the same objects to Elasticsearch."""

import json
import logging
import traceback
from datetime import UTC, datetime
from pathlib import Path

from opentelemetry import trace

from rig.shop.log_shipping import LogShipper


class JsonFormatter(logging.Formatter):
    """One log record as one JSON object; the trace id is that of the request being served."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        """The record as JSON, with `error.type`, `error.message` and `error.stack_trace` if it has an exception."""
        document: dict[str, object] = {
            "@timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "service": self._service,
            "logger": record.name,
            "message": record.getMessage(),
        }
        span = trace.get_current_span().get_span_context()
        if span.is_valid:
            document["trace_id"] = trace.format_trace_id(span.trace_id)
            document["span_id"] = trace.format_span_id(span.span_id)
        if record.exc_info and record.exc_info[1] is not None:
            document["error"] = _error_fields(record.exc_info[1])
        return json.dumps(document, ensure_ascii=False)


def _error_fields(error: BaseException) -> dict[str, str]:
    kind = type(error)
    return {
        "type": f"{kind.__module__}.{kind.__qualname__}",
        "message": str(error),
        "stack_trace": "".join(traceback.format_exception(error)),
    }


def set_up_logs(service: str, log_file: Path, shipper: LogShipper | None) -> None:
    """Send every log record of this process to `log_file` and, if there is one, to the shipper."""
    log_file.parent.mkdir(parents=True, exist_ok=True)
    handlers: list[logging.Handler] = [logging.FileHandler(log_file, encoding="utf-8")]
    if shipper is not None:
        handlers.append(shipper)
    for handler in handlers:
        handler.setFormatter(JsonFormatter(service))
    logging.basicConfig(level=logging.INFO, handlers=handlers, force=True)
    _quieten()


def _quieten() -> None:
    # A shop that cannot reach its own telemetry goes on serving: the dropped documents are counted by the
    # shipper, and a log line about a failed log line would feed itself. httpx logs every call at INFO.
    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
    for chatty in ("httpx", "httpcore", "uvicorn.error"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
