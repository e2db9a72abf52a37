"""Forms of our own pages, read with limits: what is too large, or no form, is refused."""

from urllib.parse import parse_qsl

from starlette.requests import Request

from starter.webhooks.body import Refused

_LARGEST = 16 * 1024
_MOST_FIELDS = 20


async def read_form(request: Request) -> dict[str, str]:
    """The fields, each once. Raises Refused as `read_fields` does."""
    return dict(await read_fields(request))


async def read_fields(request: Request, most: int = _MOST_FIELDS) -> list[tuple[str, str]]:
    """All fields in their order, at most so many.

    Raises Refused: 415 for another content type, 413 for more than 16 KiB, 400 for what is no form.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise Refused(415, f"content-type: {kind[:60]!r} is not application/x-www-form-urlencoded")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LARGEST:
            raise Refused(413, f"the form is larger than {_LARGEST} bytes")
    try:
        return parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=most, errors="strict")
    except ValueError:
        raise Refused(400, "the form cannot be read") from None
