"""The LogQL that is sent to Loki. Every value in it is a quoted string, whatever it holds."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from domain.finding import Window
from domain.model import Model
from integrations.go_strings import literal, quoted
from integrations.ports import Rejected

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_MILLISECOND = timedelta(milliseconds=1)


class LokiLabels(Model):
    """Names of the labels that hold the service and the level; the defaults are those that Loki 3 sets by itself.

    The service's has to be a stream's label, the level's may be structured metadata. `message`: where lines are JSON,
    the field that holds the message; None: the line is the message.
    """

    service: str = "service_name"
    level: str = "detected_level"
    message: str | None = None


def log_query(labels: LokiLabels, services: Sequence[str], levels: Sequence[str] | None) -> str:
    """Lines of these services, at these levels in any spelling, or at any level.

    Raises Rejected without the name of a service: Loki takes no selector that would select everything.
    """
    names = [name for name in services if name]
    if not names:
        raise Rejected("Loki cannot be asked for the lines of no service")
    selector = f"{{{labels.service}=~{quoted(_any_of(names))}}}"
    return selector if levels is None else f"{selector} | {labels.level}=~{quoted(f'(?i)({_any_of(levels)})')}"


def count_query(query: str, window: Window) -> str:
    """How many lines a query finds in the window, to be asked as of `counted_at`.

    A range of LogQL knows nothing shorter than milliseconds: it may begin less than one before the window does.
    """
    return f"sum(count_over_time({query} [{-(-(window.end - window.start) // _MILLISECOND)}ms]))"


def counted_at(window: Window) -> int:
    """When to ask for a count, in nanoseconds: a range has its end and not its start, a window the other way round."""
    return nanoseconds(window.end) - 1


def nanoseconds(at: datetime) -> int:
    """Since 1970, as Loki writes times."""
    return (at - _EPOCH) // _MICROSECOND * 1000


def _any_of(values: Sequence[str]) -> str:
    """A pattern; Loki matches labels in full."""
    return "|".join(map(literal, values))
