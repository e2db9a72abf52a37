"""From a port's error to Temporal's: what a retry cannot mend is not retried, and a named wait is kept."""

import functools
from collections.abc import Callable
from datetime import timedelta
from typing import ParamSpec, TypeVar

from temporalio.exceptions import ApplicationError

from integrations.ports import PortError, Rejected, Unavailable

P = ParamSpec("P")
T = TypeVar("T")

LONGEST_TEXT = 500
"""Error texts go into history and onto pages: they are cut there."""


def retry_only_what_helps(call: Callable[P, T]) -> Callable[P, T]:
    """Turn `Unavailable` into a retryable and `Rejected` into a final ApplicationError of the same name."""

    @functools.wraps(call)
    def translated(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return call(*args, **kwargs)
        except PortError as error:
            raise as_application_error(error) from error

    return translated


def as_application_error(error: PortError) -> ApplicationError:
    """The error as Temporal should treat it."""
    wait = error.retry_after_s if isinstance(error, Unavailable) else None
    return ApplicationError(
        str(error)[:LONGEST_TEXT],
        type=type(error).__name__,
        non_retryable=isinstance(error, Rejected),
        next_retry_delay=timedelta(seconds=wait) if wait is not None else None,
    )
