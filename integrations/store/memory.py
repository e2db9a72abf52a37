"""Closed incidents and what they looked like, found again by likeness."""

import re
from collections.abc import Sequence

from pgvector import Vector

from domain.memory import Remembered, Similar
from domain.model import read
from integrations.ports import Embedder, Rejected
from integrations.store.documents import document, text
from integrations.store.pool import Pool

_REMEMBER = """
INSERT INTO nightshift.memories (incident, model, embedding, remembered) VALUES (%s, %s, %s::vector, %s)
ON CONFLICT (incident) DO UPDATE SET
    model = excluded.model, embedding = excluded.embedding, remembered = excluded.remembered, learned = now()
"""

# Only vectors of one model are compared: those of another may have another length, which the operator refuses.
# What is remembered is read for the few that are left.
_SIMILAR = """
SELECT remembered, 1 - distance FROM (
    SELECT incident, embedding <=> %(near)s::vector AS distance FROM nightshift.memories
    WHERE model = %(model)s AND incident IS DISTINCT FROM %(exclude)s
    ORDER BY distance, incident LIMIT %(limit)s) AS nearest
JOIN nightshift.memories USING (incident)
ORDER BY distance, incident
"""
_WORD = re.compile(r"[a-z][a-z0-9_]{3,}")
_SHOWN_TERMS = 5
# Words that any two incidents share, and that therefore explain nothing.
_COMMON = frozenset({
    "alert", "alerts", "been", "error", "errors", "found", "from", "have", "incident", "into", "less", "logs",
    "metrics", "more", "most", "over", "service", "services", "since", "than", "that", "their", "then", "there",
    "this", "traces", "were", "when", "which", "while", "with",
})  # fmt: skip


class PostgresMemory:
    """Memory in PostgreSQL with pgvector: exact cosine similarity."""

    def __init__(self, pool: Pool, embedder: Embedder) -> None:
        self._pool = pool
        self._embedder = embedder

    def remember(self, incident: Remembered) -> None:
        """Raises Rejected for symptoms without a single word: they would be like nothing at all."""
        vector = self._vector(incident.symptoms)
        if vector is None:
            raise Rejected(f"symptoms: {incident.symptoms!r} of {incident.incident} hold no word to search by")
        with self._pool.transaction() as connection:
            connection.execute(_REMEMBER, [incident.incident, self._embedder.name, vector, document(incident)])

    def similar(self, symptoms: str, limit: int = 5, *, exclude: str | None = None) -> Sequence[Similar]:
        near = self._vector(symptoms)
        if near is None:
            return []
        asked = {"model": self._embedder.name, "exclude": exclude, "near": near, "limit": limit}
        with self._pool.transaction() as connection:
            rows = connection.execute(_SIMILAR, asked).fetchall()
        found = [(read(Remembered, remembered), float(score)) for remembered, score in rows]
        return [Similar(remembered=r, score=score, why=why(symptoms, r)) for r, score in found]

    def _vector(self, symptoms: str) -> str | None:
        """The embedding in pgvector's own notation; None when there is nothing to embed."""
        (values,) = self._embedder.embed([text(symptoms)])
        return Vector(list(values)).to_text() if any(values) else None


def why(symptoms: str, known: Remembered) -> str:
    """What the two have in common, in words: the service, the kind of cause, and the terms that both use."""
    ours = _words(symptoms)
    said: list[str] = []
    if known.service.lower() in symptoms.lower().split():
        said.append(f"same service {known.service}")
    if known.category.value in ours:
        said.append(f"both speak for {known.category.value}")
    theirs = _words(known.symptoms).keys() - {known.service.lower(), known.category.value}
    shared = [word for word in ours if word in theirs][:_SHOWN_TERMS]
    if shared:
        said.append(f"both mention {', '.join(shared)}")
    return "; ".join(said) or "no word in common, only similar spelling"


def _words(symptoms: str) -> dict[str, None]:
    """Telling words, each once, in the order of the text."""
    return dict.fromkeys(w for w in _WORD.findall(symptoms.lower()) if w not in _COMMON)
