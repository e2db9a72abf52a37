"""User and password go with each request to a source that asks for them, and are shown nowhere."""

import base64
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from config.adapters import sources
from config.services import load_services
from config.settings import load_settings
from domain.finding import Window
from integrations.ports import PortError
from tests.adapters.http_server import Answer, HttpServer

LOGIN = "night:pass:word"
NOW = datetime(2026, 1, 31, tzinfo=UTC)
WINDOW = Window(start=NOW, end=NOW + timedelta(minutes=5))
Ask = Callable[[], str]


def _prometheus() -> str:
    source = sources.metrics(load_settings(), load_services(None))
    assert source is not None
    with pytest.raises(PortError) as refused:
        source.query("up")
    return f"{refused.value} {source.link('up', WINDOW)} {source!r}"


def _logs() -> str:
    source = sources.logs(load_settings())
    assert source is not None
    with pytest.raises(PortError) as refused:
        source.search(["orders"], WINDOW, ["ERROR"], 1)
    return f"{refused.value} {source.link(['orders'], WINDOW)} {source.query_text(['orders'], WINDOW, [])} {source!r}"


def _traces() -> str:
    source = sources.traces(load_settings())
    assert source is not None
    with pytest.raises(PortError) as refused:
        source.traces("orders", WINDOW, 1)
    return f"{refused.value} {source.link('t1')} {source!r}"


SOURCES = [
    pytest.param("PROMETHEUS", _prometheus, id="Prometheus"),
    pytest.param("ELASTICSEARCH", _logs, id="Elasticsearch"),
    pytest.param("JAEGER", _traces, id="Jaeger"),
    pytest.param("LOKI", _logs, id="Loki"),
    pytest.param("TEMPO", _traces, id="Tempo"),
]


@pytest.mark.parametrize(("source", "ask"), SOURCES)
def test_a_login_is_sent_and_neither_error_nor_link_shows_it(
    faulty: HttpServer, monkeypatch: pytest.MonkeyPatch, source: str, ask: Ask
) -> None:
    """The server refuses, so that what people read then is seen too."""
    monkeypatch.setenv(f"{source}_URL", faulty.always(Answer(401, "who are you")))
    monkeypatch.setenv(f"{source}_LOGIN", LOGIN)
    shown = ask() + repr(load_settings())
    assert faulty.authorized == ["Basic " + base64.b64encode(LOGIN.encode()).decode()]
    assert "pass:word" not in shown
    assert "night:" not in shown


@pytest.mark.parametrize(("source", "ask"), SOURCES)
def test_without_a_login_none_is_sent(
    faulty: HttpServer, monkeypatch: pytest.MonkeyPatch, source: str, ask: Ask
) -> None:
    monkeypatch.setenv(f"{source}_URL", faulty.always(Answer(401, "who are you")))
    ask()
    assert faulty.authorized == [None]


@pytest.mark.parametrize("login", ["night", "night:", ":word"])
def test_half_a_login_is_refused_without_showing_it(monkeypatch: pytest.MonkeyPatch, login: str) -> None:
    monkeypatch.setenv("JAEGER_LOGIN", login)
    with pytest.raises(Exception, match="JAEGER_LOGIN: is not user:password") as refused:
        load_settings()
    assert "night" not in str(refused.value)
