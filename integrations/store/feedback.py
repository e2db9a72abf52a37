"""What people said of diagnoses, in the order in which they said it."""

from collections.abc import Sequence

from domain.feedback import Feedback
from domain.model import read
from integrations.store.documents import document, text
from integrations.store.pool import Pool


class PostgresFeedback:
    """FeedbackStore in PostgreSQL."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def add(self, said: Feedback) -> None:
        with self._pool.transaction() as connection:
            connection.execute(
                "INSERT INTO nightshift.feedback (incident, at, said) VALUES (%s, %s, %s)",
                [text(said.incident), said.at, document(said)],
            )

    def of(self, incident: str) -> Sequence[Feedback]:
        with self._pool.transaction() as connection:
            rows = connection.execute(
                "SELECT said FROM nightshift.feedback WHERE incident = %s ORDER BY number", [text(incident)]
            ).fetchall()
        return [read(Feedback, said) for (said,) in rows]
