"""When an activity fails: what went wrong becomes a sentence for people, never a stuck incident."""

from temporalio.exceptions import ActivityError, ApplicationError
from temporalio.exceptions import TimeoutError as ActivityTimeout

_LONGEST = 300


def reason(error: ActivityError) -> str:
    """Why an activity failed, after all its tries."""
    cause = error.cause
    if isinstance(cause, ActivityTimeout):
        return "no answer in time"
    if isinstance(cause, ApplicationError):
        return (cause.message or type(cause).__name__)[:_LONGEST]
    return (str(cause) if cause else str(error))[:_LONGEST]
