"""The body of a request: limited while it is read, then JSON, then a model; each failure has its own answer."""

from typing import TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails, from_json
from starlette.requests import Request

LARGEST = 1024 * 1024
"""Bytes, for what one person or one event has to say."""
TOO_LARGE = 413
_LONGEST_VALUE = 120
B = TypeVar("B", bound=BaseModel)


class Refused(Exception):
    """The request is answered with `status` and this text. `items` of its content were looked at, and none was good."""

    def __init__(self, status: int, message: str, *, items: int = 0) -> None:
        super().__init__(message)
        self.status = status
        self.items = items


async def read_json_body(request: Request, largest: int = LARGEST) -> bytes:
    """The body as it came. Raises Refused: 415 for another type than JSON, 413 for more than `largest` bytes."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        # A web page of strangers can post forms and text to a loopback port, but not this without asking first.
        raise Refused(415, f"content-type: {kind[:60]!r} is not application/json")
    return await read_body(request, largest)


def decoded(body: bytes) -> object:
    """The body's content. Raises Refused with 400 when it is no JSON."""
    try:
        return from_json(body, allow_inf_nan=False)
    except ValueError as error:
        raise Refused(400, f"the body is not JSON: {error}") from None


def parse(model: type[B], content: object, place: str = "") -> B:
    """The body, or what stands at `place` in it, as a model. Raises Refused: 422 with the field's path and value."""
    try:
        return model.model_validate(content)
    except ValidationError as error:
        raise Refused(422, _line(error.errors(include_url=False, include_context=False)[0], place)) from None


async def read_body(request: Request, largest: int = LARGEST) -> bytes:
    """The body as it came. Raises Refused with 413 for more than `largest` bytes."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > largest:
            raise Refused(TOO_LARGE, f"the body is larger than {largest} bytes")
    return bytes(body)


def _line(detail: ErrorDetails, path: str) -> str:
    for part in detail["loc"]:
        path += f"[{part}]" if isinstance(part, int) else f".{str(part)[:60]}" if path else str(part)[:60]
    place = path or "the body"
    if detail["type"] == "missing":
        return f"{place}: is missing"
    value = repr(detail["input"])
    return f"{place}: {value if len(value) <= _LONGEST_VALUE else value[:_LONGEST_VALUE] + '...'}: {detail['msg']}"
