"""PagerDuty's signature: HMAC-SHA256 of the body as it came, in hexadecimal, one `v1=` for each secret in use."""

import hashlib
import hmac
from collections.abc import Sequence

from pydantic import SecretStr

HEADER = "x-pagerduty-signature"
_VERSION = "v1="
_MOST = 10


def signed(header: str, body: bytes, secrets: Sequence[SecretStr]) -> bool:
    """Is one of the signatures made with one of our secrets? All are compared, in constant time."""
    given = [part.strip()[len(_VERSION) :] for part in header.split(",", _MOST) if part.strip().startswith(_VERSION)]
    expected = [hmac.new(s.get_secret_value().encode(), body, hashlib.sha256).hexdigest() for s in secrets]
    # A list, not a generator: who guesses must not learn by the time at which one fits.
    fits = [
        hmac.compare_digest(one.encode(errors="replace"), ours.encode()) for one in given[:_MOST] for ours in expected
    ]
    return any(fits)
