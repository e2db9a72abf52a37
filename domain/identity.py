"""Names of incidents: the key that Temporal knows, and the id that people say aloud."""

import hashlib
import re
from datetime import datetime

from domain.anomaly import Anomaly

# Crockford's base 32: no I, L, O or U, so that an id read over the phone is not misheard.
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_UNSAFE = re.compile(r"[^a-z0-9._-]+")


def group_key(anomaly: Anomaly) -> str:
    """Workflow id of the incident that covers this anomaly's service: a storm of one service is one incident."""
    return f"incident-{_slug(anomaly.service)}"


def incident_id(first_run_id: str, opened: datetime) -> str:
    """The id people see, such as INC-20260131-7F3K2A: the day it opened and 6 characters of the first run's id."""
    digest = hashlib.sha256(first_run_id.encode()).digest()
    letters = "".join(_ALPHABET[byte % 32] for byte in digest[:6])
    return f"INC-{opened:%Y%m%d}-{letters}"


def _slug(text: str) -> str:
    """A short, safe form; where characters had to go, a hash keeps two different names apart."""
    safe = _UNSAFE.sub("-", text.lower()).strip("-")[:60]
    if safe == text:
        return safe
    return f"{safe or 'service'}-{hashlib.sha256(text.encode()).hexdigest()[:6]}"
