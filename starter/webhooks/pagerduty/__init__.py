"""PagerDuty's webhooks: v3, one signed event, and v2, messages that come with a bearer token.

Our own incidents come back here too, since we open them there: what a person did to one is told to it, and everything
else about it changes nothing. Only other people's incidents become anomalies.
"""

from collections.abc import Sequence
from datetime import datetime

from pydantic import SecretStr
from starlette.requests import Request

from domain.anomaly import Anomaly
from starter.access import check_access
from starter.intake import Intake
from starter.synchronising import Synchroniser
from starter.webhooks.body import LARGEST, Refused
from starter.webhooks.pagerduty.events import happened
from starter.webhooks.pagerduty.signature import HEADER, signed
from starter.webhooks.pagerduty.translation import SOURCE, Home, Word, translated
from starter.webhooks.senders import Taken


class PagerDutySender:
    """Sender `pagerduty`. With `secrets` a delivery is signed with one of them, or shows the bearer token."""

    name = SOURCE
    largest = LARGEST

    def __init__(
        self, secrets: Sequence[SecretStr], token: SecretStr | None, home: Home, intake: Intake,
        synchroniser: Synchroniser,
    ) -> None:  # fmt: skip
        self._secrets = tuple(secrets)
        self._token = token
        self._home = home
        self._intake = intake
        self._synchroniser = synchroniser

    def admit(self, request: Request) -> None:
        if self._secrets and HEADER in request.headers:
            return  # what it is worth shows when the body is there
        if self._secrets and self._token is None:
            raise Refused(401, f"{HEADER}: is missing")
        check_access(request, self._token)

    def trust(self, request: Request, body: bytes) -> None:
        header = request.headers.get(HEADER)
        if self._secrets and header is not None and not signed(header, body, self._secrets):
            raise Refused(401, f"{HEADER}: none of its signatures is made with a secret of ours")

    async def take(self, content: object, now: datetime) -> Taken:
        read = [seen if isinstance(seen, str) else translated(seen, self._home, now)
                for seen in happened(content, now)]  # fmt: skip
        anomalies = _newest([one for one in read if isinstance(one, Anomaly)])
        reasons = [one for one in read if isinstance(one, str)]
        synchronised = [one.incident for one in read if isinstance(one, Word) and await self._told(one, reasons)]
        keys = await self._intake.accept(anomalies) if anomalies else ()
        if anomalies and not keys:
            reasons.append("it is over, and no open incident knows it")
        return Taken(
            anomalies=len(anomalies), incidents=keys, synchronised=tuple(dict.fromkeys(synchronised)),
            reason="; ".join(dict.fromkeys(reasons)) or "it holds no messages",
        )  # fmt: skip

    async def _told(self, one: Word, reasons: list[str]) -> bool:
        found = await self._synchroniser.tell(one.incident, one.word)
        if not found:
            reasons.append(f"no incident {one.incident} is open here")
        return found


def _newest(anomalies: Sequence[Anomaly]) -> tuple[Anomaly, ...]:
    """In the order in which they came; of one incident the last word counts."""
    return tuple({anomaly.series: anomaly for anomaly in anomalies}.values())
