"""The HTTP server: keys, errors and counts as OpenAI's API documents them."""

import json
import threading
from collections.abc import Mapping
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from typing import Any

from rig.servers.model.minds import Answer, Breaks, Drips, Fails, Hangs, Mind, Moves, Says, Wants, agreeing
from rig.servers.model.request import ChatRequest, tokens
from rig.servers.ports import LOOPBACK, free_port
from rig.servers.server import Server
from rig.servers.serving import Answering, Serving

KEY = "sk-rig-0123456789abcdef"
MODEL = "rig-mind"
_LISTED = {"object": "list", "data": [{"id": MODEL, "object": "model", "created": 0, "owned_by": "rig"}]}


class ModelServer(Server):
    """Chat completions and the list of models at `url`, for whoever has the `KEY`. `mind` answers.

    `asked` keeps what came in, `paid` counts the answers that a provider would bill, with their tokens in and out.
    """

    def __init__(self, mind: Mind = agreeing) -> None:
        self.port = free_port()
        self.mind = mind
        self.listed = json.dumps(_LISTED)
        """The body of the list of models."""
        self.asked: list[ChatRequest] = []
        self.paid: list[tuple[int, int]] = []
        self.lock = threading.Lock()
        self._over = threading.Event()
        self._serving = Serving(self.port, _handler(self))

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}/v1"

    def start(self) -> None:
        """Start it; returns when it takes requests."""
        self._over.clear()
        self._serving.start()

    def stop(self) -> None:
        """Stop it; requests that hang are let go."""
        self._over.set()
        self._serving.stop()

    def clear(self, mind: Mind = agreeing) -> None:
        """Another mind, and nothing asked yet."""
        self.mind = mind
        self.listed = json.dumps(_LISTED)
        self.asked.clear()
        self.paid.clear()

    def always(self, answer: Answer) -> None:
        """Whatever is asked, this is answered."""

        def mind(_request: ChatRequest) -> Answer:
            return answer

        self.mind = mind

    def hold(self) -> None:
        """Never answer, until the server stops."""
        self._over.wait()

    def over(self, within_s: float) -> bool:
        """Does it stop within so many seconds?"""
        return self._over.wait(within_s)


class _Handler(Answering):
    served: ModelServer

    def do_GET(self) -> None:  # noqa: N802 - its name there
        if self._authorized():
            self.write(200, self.served.listed, {"Content-Type": "application/json"})

    def do_POST(self) -> None:  # noqa: N802 - its name there
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if not self._authorized():
            return
        request = ChatRequest(json.loads(body))
        with self.served.lock:
            self.served.asked.append(request)
        refused = request.refusal()
        if refused is not None:
            self._error(Fails(400, "invalid_request_error"), refused)
            return
        self._answer(request, self.served.mind(request))

    def _answer(self, request: ChatRequest, answer: Answer) -> None:
        match answer:
            case Hangs():
                self.served.hold()
            case Fails():
                self._error(answer, answer.said)
            case Drips():
                self._drip(answer)
            case Moves():
                self.write(307, "", {"Location": answer.to})
            case Breaks():
                self.write(200, answer.body, {"Content-Type": answer.kind})
            case Says() | Wants():
                self._json(200, self._completion(request, answer))

    def _drip(self, answer: Drips) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        with suppress(ConnectionError):  # whoever asked has gone
            while not self.served.over(answer.every_s):
                self.wfile.write(b" ")

    def _completion(self, request: ChatRequest, answer: Says | Wants) -> dict[str, Any]:
        message, finish = _message(answer)
        usage = (request.input_tokens, tokens(json.dumps(message)))
        with self.served.lock:
            self.served.paid.append(usage)
        completion: dict[str, Any] = {
            "id": f"chatcmpl-{len(self.served.paid)}", "object": "chat.completion", "created": 0,
            "model": request.body["model"],
            "choices": [{"index": 0, "message": message, "finish_reason": finish, "logprobs": None}],
        }  # fmt: skip
        if isinstance(answer, Wants) or answer.counted:
            prompt, output = usage
            counted = {"prompt_tokens": prompt, "completion_tokens": output, "total_tokens": prompt + output}
            completion["usage"] = counted
        return completion

    def _authorized(self) -> bool:
        if self.headers.get("Authorization") == f"Bearer {KEY}":
            return True
        self._error(Fails(401, "invalid_api_key"), "Incorrect API key provided")
        return False

    def _error(self, error: Fails, message: str) -> None:
        headers = {} if error.retry_after_s is None else {"Retry-After": str(error.retry_after_s)}
        said = {"message": message, "type": "error", "param": None, "code": error.code}
        self._json(error.status, {"error": said}, headers)

    def _json(self, status: int, answered: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> None:
        self.write(status, json.dumps(answered), {"Content-Type": "application/json", **(headers or {})})


def _message(answer: Says | Wants) -> tuple[dict[str, Any], str]:
    """The assistant's message, and why it ended."""
    if isinstance(answer, Says):
        said = {"role": "assistant", "content": answer.content, "refusal": answer.refusal}
        return said, answer.finish
    calls = [
        {"id": f"call_{n}", "type": "function", "function": {"name": name, "arguments": json.dumps(arguments)}}
        for n, (name, arguments) in enumerate(answer.calls, 1)
    ]
    return {"role": "assistant", "content": None, "refusal": None, "tool_calls": calls}, "tool_calls"


def _handler(server: ModelServer) -> type[BaseHTTPRequestHandler]:
    return type("Handler", (_Handler,), {"served": server})
