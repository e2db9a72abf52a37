"""Temporal's web UI asks here to open what is sealed, and to seal what is typed there (a remote codec).

The protocol is Temporal's: `POST /decode` and `/encode` with `{"payloads": [...]}` as protobuf's JSON, answered alike.
"""

from typing import Any, cast
from urllib.parse import urlsplit

import structlog
from google.protobuf.json_format import MessageToDict, ParseDict, ParseError
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from temporalio.api.common.v1 import Payloads
from temporalio.converter import PayloadCodec

from starter.access import only_this_machine
from starter.console.guarded import visitor_of
from starter.identity.desk import Desk
from starter.webhooks.body import Refused, decoded, read_json_body

LARGEST = 8 * 1024 * 1024
"""Bytes: a page of a history, which Temporal itself limits to 4 MB before base64."""
_log = structlog.stdlib.get_logger(__name__)


def codec_app(codec: PayloadCodec, ui: str, desk: Desk | None) -> Starlette:
    """For whoever is logged in to our pages; where nobody is known, for this machine only.

    Only pages of the web UI at this address may call: a browser asks first, and is told so.
    """
    door = _Door(codec, desk)
    # The session cookie is what says who asks, so credentials have to be allowed, to this one origin.
    cors = Middleware(
        CORSMiddleware, allow_origins=[_origin(ui)], allow_methods=["POST"], allow_credentials=True,
        allow_headers=["content-type", "x-namespace", "authorization"],
    )  # fmt: skip
    routes = [
        Route("/decode", door.decode, methods=["POST"]),
        Route("/encode", door.encode, methods=["POST"]),
    ]
    return Starlette(routes=routes, middleware=[cors], exception_handlers={Refused: _refused})


class _Door:
    def __init__(self, codec: PayloadCodec, desk: Desk | None) -> None:
        self._codec = codec
        self._desk = desk

    async def decode(self, request: Request) -> Response:
        payloads = await self._asked(request)
        return _answer(Payloads(payloads=await self._codec.decode(payloads.payloads)))

    async def encode(self, request: Request) -> Response:
        payloads = await self._asked(request)
        return _answer(Payloads(payloads=await self._codec.encode(payloads.payloads)))

    async def _asked(self, request: Request) -> Payloads:
        """Raises Refused: 401 or 403 for who may not, 400 for what is no payloads."""
        if self._desk is None:
            only_this_machine(request, "nobody is known here (NIGHTSHIFT_PEOPLE)")
        elif visitor_of(self._desk, request) is None:
            _log.warning("a stranger asked to open payloads", peer=request.client.host if request.client else "")
            raise Refused(401, "log in to Nightshift's pages in this browser first")
        content = decoded(await read_json_body(request, LARGEST))
        if not isinstance(content, dict):
            raise Refused(400, f"the body is a {type(content).__name__}, and an object with payloads is needed")
        try:
            return ParseDict(cast("dict[str, Any]", content), Payloads())
        except ParseError as error:
            raise Refused(400, f"payloads: {error}") from None


def _answer(payloads: Payloads) -> Response:
    return JSONResponse(MessageToDict(payloads))


async def _refused(_: Request, error: Exception) -> Response:
    status = error.status if isinstance(error, Refused) else 500
    return JSONResponse({"message": str(error)}, status)


def _origin(address: str) -> str:
    """What a browser calls the origin of a page at this address."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"
