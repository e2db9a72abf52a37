"""When an activity fails: what went wrong becomes a sentence for people, never a stuck incident."""

import asyncio

from temporalio.exceptions import ActivityError, ApplicationError, is_cancelled_exception
from temporalio.exceptions import TimeoutError as ActivityTimeout

_LONGEST = 300


def reason(error: ActivityError) -> str:
    """Why an activity failed, after all its tries.

    One that was cancelled did not fail: raises CancelledError, so that who was told to stop stops.
    """
    if is_cancelled_exception(error):
        raise asyncio.CancelledError from error
    cause = error.cause
    if isinstance(cause, ActivityTimeout):
        return "no answer in time"
    if isinstance(cause, ApplicationError):
        return (cause.message or type(cause).__name__)[:_LONGEST]
    return (str(cause) if cause else str(error))[:_LONGEST]
