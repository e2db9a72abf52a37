"""Elasticsearch's search through its own client, with failures as port errors.

Importing the client costs seconds, so nothing imports this module before the first question.
"""

from collections.abc import Mapping
from typing import Any, cast

from elastic_transport import ConnectionTimeout, SerializationError, TransportError
from elasticsearch import ApiError, Elasticsearch, NotFoundError, UnsupportedProductError

from integrations.http_answers import one_line, refusal
from integrations.login import Login
from integrations.ports import PortError, Rejected, Unavailable

SOURCE = "Elasticsearch"


class ElasticsearchApi:
    """One attempt at each search. Raises Unavailable or Rejected."""

    def __init__(self, url: str, timeout_s: float, login: Login | None = None) -> None:
        self._timeout_s = timeout_s
        self._client = Elasticsearch(
            url, basic_auth=login.pair if login else None, request_timeout=timeout_s, max_retries=0,
            retry_on_timeout=False,
        )  # fmt: skip

    def search(self, index: str, body: Mapping[str, Any], size: int) -> object:
        """The answer as it came. An index that is not there is an error, and so is an answer of some shards only."""
        try:
            answer = self._client.search(
                index=index, **body, size=size, allow_no_indices=False, allow_partial_search_results=False,
                timeout=f"{round(self._timeout_s * 1000)}ms",
            )  # fmt: skip
        except NotFoundError as error:
            raise Rejected(f"{SOURCE} has no index {index!r}: no logs are shipped there") from error
        except (ApiError, TransportError) as error:
            raise self._failure(error) from error
        return answer.body

    def _failure(self, error: ApiError | TransportError) -> PortError:
        match error:
            case UnsupportedProductError():
                return Rejected("what answers there is not Elasticsearch")
            case ApiError():
                return refusal(SOURCE, error.meta.status, _words(error.body), error.meta.headers.get("Retry-After"))
            case ConnectionTimeout():
                return Unavailable(f"{SOURCE} did not answer within {self._timeout_s:g} s")
            case SerializationError():
                return Unavailable(f"{SOURCE} answered something that is not its JSON: {one_line(str(error))}")
            case _:
                # The client's own text only says that there was an error.
                return Unavailable(f"{SOURCE} cannot be reached: {one_line(str(error.__cause__ or error))}")


def _words(body: object) -> str:
    """The first root cause in Elasticsearch's words, or what a proxy before it said."""
    if not isinstance(body, dict):
        return "" if body is None else str(body)
    error = cast("dict[str, Any]", body).get("error")
    if not isinstance(error, dict):
        return str(error or "")
    details = cast("dict[str, Any]", error)
    causes = details.get("root_cause") or [details]
    return f"{causes[0].get('type')}: {causes[0].get('reason')}"
