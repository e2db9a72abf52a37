"""Datadog's API through its own client, with failures as port errors and bodies that are bounded.

Importing the client costs time, so nothing imports this module before the first question.
"""

# The client's errors have no annotations, its arguments take more than theirs say.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# pyright: reportArgumentType=false

import math
from collections.abc import Callable, Mapping
from typing import cast

from datadog_api_client import ApiClient, Configuration
from datadog_api_client.exceptions import ApiException
from datadog_api_client.v1.api.metrics_api import MetricsApi
from datadog_api_client.v2.api.logs_api import LogsApi
from datadog_api_client.v2.model.logs_aggregate_request import LogsAggregateRequest
from datadog_api_client.v2.model.logs_aggregation_function import LogsAggregationFunction
from datadog_api_client.v2.model.logs_compute import LogsCompute
from datadog_api_client.v2.model.logs_list_request import LogsListRequest
from datadog_api_client.v2.model.logs_list_request_page import LogsListRequestPage
from datadog_api_client.v2.model.logs_query_filter import LogsQueryFilter
from datadog_api_client.v2.model.logs_sort import LogsSort
from urllib3 import BaseHTTPResponse, Retry
from urllib3.exceptions import HTTPError, MaxRetryError, NewConnectionError
from urllib3.exceptions import TimeoutError as InTimeError

from domain.finding import Window
from integrations.datadog.place import DatadogPlace
from integrations.http_answers import bounded, one_line, refusal
from integrations.ports import PortError, Unavailable

SOURCE = "Datadog"
_CHUNK = 65_536
_RESET = "x-ratelimit-reset"


class DatadogApi:
    """One attempt at each question, which lasts `timeout_s` seconds at most. Raises Unavailable or Rejected."""

    def __init__(self, place: DatadogPlace, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        keys = {"apiKeyAuth": place.api_key.get_secret_value(), "appKeyAuth": place.app_key.get_secret_value()}
        configuration = Configuration(
            host=place.api, api_key=keys, request_timeout=timeout_s, preload_content=False,
            # A redirect would take the keys to another address.
            retry_policy=Retry(total=0, redirect=0, raise_on_redirect=False),
        )  # fmt: skip
        client = ApiClient(configuration)
        self._logs, self._metrics = LogsApi(client), MetricsApi(client)

    def logs(self, query: str, at: tuple[str, str], size: int, cursor: str | None) -> bytes:
        """A page of lines, newest first."""
        page = LogsListRequestPage(limit=size, **({"cursor": cursor} if cursor else {}))
        body = LogsListRequest(filter=_filter(query, at), page=page, sort=LogsSort.TIMESTAMP_DESCENDING)
        return self._asked(lambda: self._logs.list_logs(body=body))

    def count(self, query: str, at: tuple[str, str]) -> bytes:
        """How many lines match."""
        compute = LogsCompute(aggregation=LogsAggregationFunction.COUNT)
        body = LogsAggregateRequest(filter=_filter(query, at), compute=[compute])
        return self._asked(lambda: self._logs.aggregate_logs(body=body))

    def series(self, query: str, window: Window) -> bytes:
        """The answer of /api/v1/query, which takes whole seconds."""
        start, end = math.floor(window.start.timestamp()), math.ceil(window.end.timestamp())
        return self._asked(lambda: self._metrics.query_metrics(_from=start, to=end, query=query))

    def _asked(self, ask: Callable[[], object]) -> bytes:
        try:
            # Not read by the client: its type for this is that of the read answer.
            response = cast("BaseHTTPResponse", ask())
            try:
                return bounded(SOURCE, response.stream(_CHUNK, decode_content=True))
            finally:
                response.close()
        except (ApiException, HTTPError) as error:
            raise self._failure(error) from error

    def _failure(self, error: ApiException | HTTPError) -> PortError:
        cause = error.reason if isinstance(error, MaxRetryError) else error
        if isinstance(cause, InTimeError) and not isinstance(cause, NewConnectionError):
            return Unavailable(f"{SOURCE} did not answer within {self._timeout_s:g} s")
        if isinstance(error, ApiException) and error.status:
            headers = {name.lower(): value for name, value in (error.headers or {}).items()}
            wait = headers.get(_RESET) or headers.get("retry-after")
            return refusal(SOURCE, error.status, _words(error.body), wait)
        return Unavailable(f"{SOURCE} cannot be reached: {one_line(str(cause))}")


def _filter(query: str, at: tuple[str, str]) -> LogsQueryFilter:
    return LogsQueryFilter(query=query, _from=at[0], to=at[1])


def _words(body: object) -> str:
    """Datadog's own errors, or what a proxy before it said."""
    if not isinstance(body, Mapping):
        return str(body or "")
    errors = cast("Mapping[str, object]", body).get("errors")
    return "; ".join(map(str, cast("list[object]", errors))) if isinstance(errors, list) else str(errors or "")
