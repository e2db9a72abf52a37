"""How an action has fared on a target so far: what came of each attempt, counted. Pure."""

from collections.abc import Iterable
from datetime import datetime

from pydantic import AwareDatetime

from domain.incident import Attempt
from domain.model import Model
from domain.verification import Recovery

MOST = 50
"""So many attempts are looked back at, the newest ones."""


class Track(Model):
    """Attempts of one action on one target. Of the rest of `tried` nobody could tell whether they worked."""

    tried: int = 0
    worked: int = 0
    failed: int = 0
    last_failed: AwareDatetime | None = None


def track(attempts: Iterable[Attempt]) -> Track:
    """Those that were carried out, or were to be and could not. One that helped for a moment only has not worked."""
    judged = [(attempt, worked(attempt)) for attempt in attempts if attempt.executed or attempt.error]
    failures = [at for attempt, good in judged if good is False and (at := _ended(attempt)) is not None]
    return Track(
        tried=len(judged), worked=sum(good is True for _, good in judged),
        failed=sum(good is False for _, good in judged), last_failed=max(failures, default=None),
    )  # fmt: skip


def worked(attempt: Attempt) -> bool | None:
    """Did it help, and hold as long as it was watched? None: nobody can tell."""
    if attempt.error is not None or attempt.held is False:
        return False
    verdict = attempt.verification.recovery if attempt.verification else None
    if verdict is Recovery.RECOVERED:
        return True
    return None if verdict in {None, Recovery.CANNOT_TELL} else False


def _ended(attempt: Attempt) -> datetime | None:
    return attempt.executed.ended_at if attempt.executed else None
