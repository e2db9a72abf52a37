"""What was learned of incidents before."""

from collections.abc import Sequence
from typing import Protocol

from domain.memory import Remembered, Similar


class Memory(Protocol):
    """Closed incidents, searchable by likeness."""

    def remember(self, incident: Remembered) -> None:
        """Learn it; the same incident again replaces what was known of it."""
        ...

    def similar(self, symptoms: str, limit: int = 5, *, exclude: str | None = None) -> Sequence[Similar]: ...


class Embedder(Protocol):
    """Text to vectors of a fixed length. `name` goes with each stored vector: vectors of two names never compare."""

    name: str
    dimensions: int

    def embed(self, texts: Sequence[str]) -> Sequence[Sequence[float]]: ...
