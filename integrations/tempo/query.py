"""The TraceQL that is sent to Tempo. The service's name is a quoted string, whatever it holds."""

import math

from domain.finding import Window
from integrations.go_strings import quoted


def trace_query(service: str, *, errors_only: bool) -> str:
    """Traces with a span of this service; `errors_only`: that span has failed."""
    failed = " && status = error" if errors_only else ""
    return f"{{ resource.service.name = {quoted(service)}{failed} }}"


def whole_seconds(window: Window, *, wider_s: int = 0) -> dict[str, int]:
    """The window as Tempo takes it, in whole seconds, never smaller than it is; `wider_s` more on both sides."""
    start, end = math.floor(window.start.timestamp()), math.ceil(window.end.timestamp())
    return {"start": start - wider_s, "end": end + wider_s}
