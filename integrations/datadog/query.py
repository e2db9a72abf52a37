"""The search for logs that is sent to Datadog, and the metric queries that may be."""

import re
from collections.abc import Iterable, Sequence
from datetime import timedelta

from domain.finding import Window
from integrations.ports import Rejected

# Datadog lower-cases tags and turns every other character into an underscore: no service has another name there, and
# none of these ends a quoted term.
_NAME = re.compile(r"[\w.:/-]{1,200}")
# Its status remapper turns every word that begins with f into `emergency`, and knows syslog's `alert`.
_STATUS = {"FATAL": ("emergency",), "CRITICAL": ("critical", "alert"), "WARNING": ("warn",)}
_RESOLUTION = timedelta(milliseconds=1)
_BLANK = re.compile(r"\{(service|window)\}")
_DURATION = r"[0-9]+(?:ms|[smhdw])"


def log_query(services: Sequence[str], levels: Sequence[str] | None) -> str:
    """Lines of these services, at these levels or at any. A name that no service of Datadog's can have is left out.

    Raises Rejected when none is left.
    """
    names = [name for name in services if _NAME.fullmatch(name)]
    if not names:
        raise Rejected(f"Datadog has no service of such a name: {list(services)!r}"[:300])
    wanted = f"service:({_any_of(names)})"
    if levels is None:
        return wanted
    spelt = [status for level in levels for status in _STATUS.get(level.upper(), (level.lower(),))]
    return f"{wanted} status:({_any_of(dict.fromkeys(spelt))})"


def log_times(window: Window) -> tuple[str, str]:
    """First and last moment: Datadog keeps milliseconds, and takes the end as belonging to it."""
    return window.start.isoformat(timespec="milliseconds"), (window.end - _RESOLUTION).isoformat(
        timespec="milliseconds"
    )


def allowed(queries: Iterable[tuple[str, str]]) -> re.Pattern[str]:
    """What (service, query) pairs of the services file become when they are filled in, and nothing else."""
    return re.compile("|".join(_filled(service, query) for service, query in queries) or r"(?!)")


def _filled(service: str, query: str) -> str:
    """A pattern for the query with its blanks filled in as `activities.metric_queries` does."""
    pattern, at = "", 0
    for blank in _BLANK.finditer(query):
        value = re.escape(service) if blank[1] == "service" else _DURATION
        pattern, at = pattern + re.escape(query[at : blank.start()]) + value, blank.end()
    return pattern + re.escape(query[at:])


def _any_of(values: Iterable[str]) -> str:
    return " OR ".join(f'"{value}"' for value in values)
