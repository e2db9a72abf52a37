"""The HTTP client under the SDK: it goes where it was told and nowhere else, and reads no more than an answer has."""

import time
from typing import TYPE_CHECKING, Any

import openai

from integrations.language_model.answer import LARGEST_ANSWER, TooLong

if TYPE_CHECKING:
    from httpx2 import Request, Response


class Wire(openai.DefaultHttpxClient):
    """What it is told to follow, it does not: an answer that points elsewhere would take the evidence along.

    Nor does it hand anything in plain text to a proxy of the environment: that is for HTTPS, which such a proxy passes
    on without reading. The SDK's time limit is one for each piece of an answer; here it is for the whole of it too.
    """

    def __init__(self, url: str) -> None:
        super().__init__(follow_redirects=False, trust_env=url.startswith("https://"))

    def send(self, request: "Request", **options: Any) -> "Response":  # noqa: ANN401 - as they are there
        """The whole answer. Raises TooLong where it is longer than it can be, and APITimeoutError when it drips."""
        limit = request.extensions["timeout"]["read"]
        until = time.monotonic() + limit
        options["stream"] = True  # else the SDK's client reads it whole, whatever it is
        response = super().send(request, **options)
        body = bytearray()
        try:
            for chunk in response.iter_bytes():
                body += chunk
                if time.monotonic() > until:
                    raise openai.APITimeoutError(request=request)
                if len(body) > LARGEST_ANSWER:
                    break
        finally:
            response.close()
        if len(body) > LARGEST_ANSWER and response.is_success:
            raise TooLong
        # It is unpacked and whole: what was said of how it came holds no more.
        said = {k: v for k, v in response.headers.items() if k not in {"content-encoding", "content-length"}}
        return type(response)(response.status_code, headers=said, content=bytes(body[:LARGEST_ANSWER]), request=request)
