"""A starter, seen from the command line: what it shows, and what it answers to a person's word."""

from typing import Any, cast

import httpx
from pydantic import ValidationError

from domain.view import IncidentView
from starter.cli.exits import Exit, Stop, not_found
from starter.cli.login import Login

# Longer than the starter itself waits for an answer.
_LIMIT_S = 20.0
_NOT_OF_THE_VIEW = ("needs", "cause", "warnings")
_CODES = {200: Exit.DONE, 401: Exit.REFUSED, 403: Exit.REFUSED, 404: Exit.NOT_FOUND, 409: Exit.REFUSED,
          422: Exit.REFUSED, 429: Exit.REFUSED, 503: Exit.UNREACHABLE, 504: Exit.TIMED_OUT}  # fmt: skip


class Remote:
    """A logged-in person's starter."""

    def __init__(self, login: Login) -> None:
        self._login = login
        self.name = login.name

    async def view(self, incident: str) -> IncidentView:
        """The incident. Raises Stop."""
        answer = await self._ask("GET", f"/incidents/{incident}", params={"format": "json"})
        if _CODES.get(answer.status_code) is Exit.NOT_FOUND:
            raise not_found(incident)
        body = _body(answer)
        if not answer.is_success:
            raise Stop(Exit.UNREACHABLE, f"{self._login.url}: {body.get('error', answer.status_code)}")
        try:
            return IncidentView.model_validate({k: v for k, v in body.items() if k not in _NOT_OF_THE_VIEW})
        except ValidationError as error:
            said = "shows the incident in a way that this version cannot read"
            raise Stop(Exit.FAILED, f"{self._login.url} {said}; look there") from error

    async def say(self, incident: str, what: str, content: dict[str, Any]) -> str:
        """The incident's answer. Raises Stop with the incident's words for a refusal."""
        answer = await self._ask("POST", f"/api/incidents/{incident}/{what}", json=content)
        text = str(_body(answer).get("text", answer.status_code))
        code = _CODES.get(answer.status_code, Exit.FAILED)
        if code is not Exit.DONE:
            raise Stop(code, text)
        return text

    async def _ask(self, method: str, path: str, **more: Any) -> httpx.Response:  # noqa: ANN401 - httpx's own
        headers = {"Authorization": f"Bearer {self._login.token.get_secret_value()}", "Accept": "application/json"}
        try:
            async with httpx.AsyncClient(base_url=self._login.url, timeout=_LIMIT_S) as http:
                return await http.request(method, path, headers=headers, **more)
        except httpx.ReadTimeout as error:
            said = f"{self._login.url} did not answer in time. It may be recorded later: look before you repeat it"
            raise Stop(Exit.TIMED_OUT, said) from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            said = f"{self._login.url} cannot be reached: {error or type(error).__name__}; nothing was recorded"
            raise Stop(Exit.UNREACHABLE, said) from error


def _body(answer: httpx.Response) -> dict[str, Any]:
    try:
        body: object = answer.json()
    except ValueError:
        return {}
    return cast("dict[str, Any]", body) if isinstance(body, dict) else {}
