"""Is it Slack that asks, and does it ask for the first time?"""

from collections import OrderedDict
from collections.abc import Mapping
from datetime import datetime, timedelta

from pydantic import SecretStr
from slack_sdk.signature import Clock, SignatureVerifier

from starter.webhooks.body import Refused

# A signature is good for 5 minutes on either side of its time.
_KEPT = timedelta(minutes=10)
_MOST_KEPT = 20_000


class _At(Clock):
    """slack-sdk asks a clock for seconds."""

    def __init__(self, now: datetime) -> None:
        self._now = now

    def now(self) -> float:
        return self._now.timestamp()


class Verifier:
    """Checks a request by slack-sdk, and remembers it for as long as its signature is good."""

    def __init__(self, secret: SecretStr) -> None:
        self._secret = secret
        self._seen: OrderedDict[str, datetime] = OrderedDict()

    def check(self, body: bytes, headers: Mapping[str, str], now: datetime) -> str:
        """The signature. Raises Refused: 401 for one that is missing, wrong, too old or known already."""
        signature = headers.get("x-slack-signature", "")
        stamp = headers.get("x-slack-request-timestamp", "")
        # What the verifier would choke on is no signature of Slack's either.
        well_formed = stamp.isascii() and stamp.isdigit() and signature.isascii() and len(stamp) <= len("1" * 12)
        if not well_formed or not self._fits(body, stamp, signature, now):
            raise Refused(401, "x-slack-signature: is missing, wrong, or older than 5 minutes; nothing was recorded")
        if self._known(signature, now):
            raise Refused(401, "x-slack-signature: this request came before; nothing was recorded")
        return signature

    def _fits(self, body: bytes, stamp: str, signature: str, now: datetime) -> bool:
        try:
            return SignatureVerifier(self._secret.get_secret_value(), _At(now)).is_valid(body, stamp, signature)
        except UnicodeDecodeError:  # Slack's forms are ASCII
            return False

    def _known(self, signature: str, now: datetime) -> bool:
        while self._seen and (len(self._seen) > _MOST_KEPT or next(iter(self._seen.values())) < now - _KEPT):
            self._seen.popitem(last=False)
        if signature in self._seen:
            return True
        self._seen[signature] = now
        return False
