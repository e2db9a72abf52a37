"""Names of incidents: the key that Temporal knows, and the id that people say aloud."""

import hashlib
import re
from datetime import UTC, datetime

from domain.anomaly import Anomaly

# Crockford's base 32: no I, L, O or U, so that an id read over the phone is not misheard.
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_ID = re.compile(rf"INC-[0-9]{{8}}-[{_ALPHABET}]{{6}}(?![0-9A-Za-z])")
_UNSAFE = re.compile(r"[^a-z0-9._-]+")
_HASH = 12
_HASHED = re.compile(rf"-[0-9a-f]{{{_HASH}}}$")


def group_key(anomaly: Anomaly) -> str:
    """Workflow id of the incident that covers this anomaly's service: a storm of one service is one incident."""
    return f"incident-{_slug(anomaly.service)}"


def incident_id(first_run_id: str, opened: datetime) -> str:
    """The id people see, such as INC-20260131-7F3K2A: the UTC day it opened and 6 characters of the first run's id."""
    digest = hashlib.sha256(first_run_id.encode()).digest()
    letters = "".join(_ALPHABET[byte % 32] for byte in digest[:6])
    return f"INC-{opened.astimezone(UTC):%Y%m%d}-{letters}"


def names_incident(text: str) -> str | None:
    """The first of our ids that stands in a text, None when there is none."""
    found = _ID.search(text)
    return found[0] if found else None


def _slug(text: str) -> str:
    """A short, safe form; where characters had to go, a hash keeps two different names apart."""
    safe = _UNSAFE.sub("-", text.lower()).strip("-")[:60]
    # A plain name that ends like a hashed one gets a hash too, so that nobody can take another's key.
    if safe and safe == text and not _HASHED.search(safe):
        return safe
    return f"{safe or 'service'}-{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:_HASH]}"
