"""Slack's Web API through slack-sdk: one call with a time limit, and errors as ports have them."""

from collections.abc import Mapping
from typing import Any, cast

from pydantic import SecretStr
from slack_sdk import WebClient

from integrations.slack.errors import translated


class SlackApi:
    """`url`: where the Web API is, None: where Slack has it. `timeout_s`: whole seconds."""

    def __init__(self, token: SecretStr, url: str | None, timeout_s: int) -> None:
        # No retries of its own: a message that was taken and not answered would be there twice.
        self._client = WebClient(
            token.get_secret_value(), base_url=f"{url}/" if url else WebClient.BASE_URL, timeout=timeout_s,
            retry_handlers=[],
        )  # fmt: skip

    def read(self, method: str, **asked: object) -> dict[str, Any]:
        """Ask. Raises Unavailable or Rejected."""
        return self._call(method, http_verb="GET", params=asked)

    def write(self, method: str, said: Mapping[str, Any]) -> dict[str, Any]:
        """Do. Raises Unavailable or Rejected."""
        return self._call(method, json=dict(said))

    def _call(self, method: str, **how: Any) -> dict[str, Any]:  # noqa: ANN401 - slack-sdk's own arguments
        with translated():
            answer: Any = self._client.api_call(method, **how)  # pyright: ignore[reportUnknownMemberType] - untyped there
        return cast("dict[str, Any]", answer.data)
