"""What fits into a payload: Temporal refuses one of more than 2 MB, a message of more than 4 MB, and ends the run."""

from collections.abc import Iterable, Iterator
from typing import TypeVar

from pydantic import BaseModel

M = TypeVar("M", bound=BaseModel)


def fitting(items: Iterable[M], room: int, most: int) -> tuple[M, ...]:
    """The first of them that fit into `room` bytes together, at most so many."""
    return next(portions(items, room, most), ())


def portions(items: Iterable[M], room: int, most: int) -> Iterator[tuple[M, ...]]:
    """All of them in their order, each time as many as fit into `room` bytes, at least one and at most `most`."""
    portion: list[M] = []
    left = room
    for item in items:
        size = size_of(item)
        if portion and (size > left or len(portion) == most):
            yield tuple(portion)
            portion, left = [], room
        portion.append(item)
        left -= size
    if portion:
        yield tuple(portion)


def size_of(item: BaseModel) -> int:
    """Bytes of it as JSON, which is how it travels."""
    return len(item.model_dump_json().encode())
