"""How the services are divided among the workers that detect and train. Pure, and the same in every process."""

import hashlib
from functools import lru_cache

from pydantic import Field

from domain.model import Model

MOST_SHARDS = 64


class Shard(Model):
    """One of `of` shares of all services, by its number from 0 on."""

    number: int = Field(default=0, ge=0, lt=MOST_SHARDS)
    of: int = Field(default=1, ge=1, le=MOST_SHARDS)

    def holds(self, service: str) -> bool:
        """Is this service of this share? It is of exactly one of the `of`."""
        return _shard_of(service, self.of) == self.number

    def __str__(self) -> str:
        return f"{self.number + 1} of {self.of}"


WHOLE = Shard()


@lru_cache(maxsize=65_536)
def _shard_of(service: str, of: int) -> int:
    """The shard that draws the highest lot (rendezvous hashing, Thaler and Ravishankar 1998): with one shard more, only
    the services that are its own move. Python's own hash() is another one in each process.
    """
    return max(range(of), key=lambda number: _lot(service, number))


def _lot(service: str, number: int) -> bytes:
    return hashlib.sha256(f"{number} {service}".encode("utf-8", "surrogatepass")).digest()
