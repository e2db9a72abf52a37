"""Bulk evidence by the hash of its content: the same content is stored once and can never change unnoticed."""

import hashlib

from domain.finding import EvidenceRef
from integrations.ports import Rejected
from integrations.store.pool import Pool

LARGEST = 16 * 1024 * 1024
"""Bytes of one piece. What an investigation keeps is cut long before; more than this is a mistake."""
_SCHEME = "evidence:"


class PostgresEvidence:
    """EvidenceStore in PostgreSQL."""

    def __init__(self, pool: Pool, *, largest: int = LARGEST) -> None:
        self._pool = pool
        self._largest = largest

    def put(self, content: bytes, summary: str) -> EvidenceRef:
        """Raises Rejected for more bytes than one piece may have."""
        if len(content) > self._largest:
            raise Rejected(f"evidence: {len(content)} bytes are more than the limit of {self._largest}")
        digest = hashlib.sha256(content).hexdigest()
        with self._pool.transaction() as connection:
            connection.execute(
                "INSERT INTO nightshift.evidence (sha256, content) VALUES (%s, %s) ON CONFLICT DO NOTHING",
                [digest, content],
            )
        return EvidenceRef(uri=f"{_SCHEME}{digest}", sha256=digest, size=len(content), summary=summary)

    def get(self, ref: EvidenceRef) -> bytes:
        """Raises Rejected when it is not there, or is not what was put in."""
        with self._pool.transaction() as connection:
            row = connection.execute(
                "SELECT content FROM nightshift.evidence WHERE sha256 = %s", [ref.sha256]
            ).fetchone()
        if row is None:
            raise Rejected(f"evidence: {ref.uri!r} is not in the store")
        content = bytes(row[0])
        if hashlib.sha256(content).hexdigest() != ref.sha256:
            raise Rejected(f"evidence: the content of {ref.uri!r} does not have that hash any more")
        return content
