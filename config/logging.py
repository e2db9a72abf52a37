"""Structured logs on stderr: JSON for machines, words on a terminal; never a secret."""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any, cast

import structlog

from domain.invisible import spelled_out

_SECRET_KEY = re.compile(r"token|password|passwd|secret|dsn|authorization|api_?key|cookie", re.IGNORECASE)
_USERINFO = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*://)[^/\s@]+@", re.IGNORECASE)
_LIBPQ = re.compile(r"\bpassword\s*=\s*('[^']*'|\S+)", re.IGNORECASE)
HIDDEN = "***"
# uvicorn's second copy of its message, with colour codes.
_FOR_TERMINALS = "color_message"
# Libraries that tell every request at INFO; what they warn of is kept.
_TALKATIVE = ("httpx", "httpcore", "elastic_transport", "urllib3")


def set_up_logging(level: int = logging.INFO) -> None:
    """Route structlog and the standard library's logging through the same processors to stderr."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.stdlib.ExtraAdder(),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=_last()))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))


def bind_incident(incident: str) -> None:
    """From here on every line of this task or thread names the incident."""
    structlog.contextvars.bind_contextvars(incident=incident)


def redact(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Hide values whose key names a secret, and passwords inside of addresses, wherever they stand."""
    kept = {key: value for key, value in event.items() if key != _FOR_TERMINALS}
    return {key: HIDDEN if _SECRET_KEY.search(key) else _clean(value) for key, value in kept.items()}


def _clean(value: object) -> object:
    if isinstance(value, str):
        hidden = _LIBPQ.sub(f"password={HIDDEN}", _USERINFO.sub(rf"\g<scheme>{HIDDEN}@", value))
        # What a stranger typed must not move the cursor of whoever reads it; a traceback keeps its lines.
        return spelled_out(hidden)
    if isinstance(value, dict):
        return redact(None, "", {str(key): item for key, item in cast("dict[object, object]", value).items()})
    if isinstance(value, list | tuple):
        return [_clean(item) for item in cast("list[object]", value)]
    return value


def _last() -> list[structlog.typing.Processor]:
    """What happens to every line, ours or a library's, just before it is written."""
    remove = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    if sys.stderr.isatty():
        return [remove, structlog.processors.format_exc_info, redact, structlog.dev.ConsoleRenderer()]
    return [remove, structlog.processors.format_exc_info, redact, structlog.processors.JSONRenderer()]
