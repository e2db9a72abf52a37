"""Whether a language model is asked, and on which terms, is said by the settings alone."""

import pytest

from config.adapters.model import language_model
from config.advice import advice_terms
from config.errors import ConfigError
from config.settings import Settings, load_settings
from domain.advice.terms import Price
from domain.policy import Policy
from domain.services import ServiceMap
from starter.intake import House


def settings(monkeypatch: pytest.MonkeyPatch, **variables: str) -> Settings:
    for name in ("NIGHTSHIFT_MODEL", "OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return load_settings()


def test_a_key_alone_sends_nothing_anywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    given = settings(monkeypatch, OPENAI_API_KEY="sk-lies-about-in-the-environment")
    assert (advice_terms(given), language_model(given)) == (None, None)


def test_an_incident_gets_a_copy_of_the_terms(monkeypatch: pytest.MonkeyPatch) -> None:
    limit = {"NIGHTSHIFT_MODEL_USD_PER_INCIDENT": "0.25", "NIGHTSHIFT_MODEL_STEPS": "3"}
    terms = advice_terms(settings(monkeypatch, NIGHTSHIFT_MODEL="gpt-4o", **limit))
    assert terms is not None
    assert (terms.price, terms.usd_per_incident, terms.steps) == (Price(input_usd=2.5, output_usd=10), 0.25, 3)
    house = House(Policy(), ServiceMap(expressions=()), "default", None, None, adviser=terms)
    assert house.opening("incident-orders").adviser == terms


def test_a_price_of_ones_own_wins_and_several_may_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    prices = "gpt-4o=1/2; qwen3:8b=0/0"
    for model, price in (("gpt-4o", Price(input_usd=1, output_usd=2)), ("qwen3:8b", Price(input_usd=0, output_usd=0))):
        terms = advice_terms(settings(monkeypatch, NIGHTSHIFT_MODEL=model, NIGHTSHIFT_MODEL_PRICES=prices))
        assert terms is not None
        assert terms.price == price


def test_a_model_without_a_price_is_refused_as_no_limit_could_be_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match="names no price of 'another'"):
        advice_terms(settings(monkeypatch, NIGHTSHIFT_MODEL="another"))


@pytest.mark.parametrize("value", ["gpt-4o", "gpt-4o=2.5", "gpt-4o=a/b", "gpt-4o=-1/2", "=1/2"])
def test_a_price_that_cannot_be_read_is_named(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    with pytest.raises(ConfigError, match=r"NIGHTSHIFT_MODEL_PRICES: .* is not a model with its prices"):
        settings(monkeypatch, NIGHTSHIFT_MODEL_PRICES=value)


def test_a_model_needs_a_key_or_a_server_of_ones_own(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match="OPENAI_API_KEY: is not set"):
        language_model(settings(monkeypatch, NIGHTSHIFT_MODEL="gpt-4o"))
    own = settings(monkeypatch, NIGHTSHIFT_MODEL="gpt-4o", OPENAI_BASE_URL="http://127.0.0.1:9/v1")
    assert language_model(own) is not None


@pytest.mark.parametrize(
    ("url", "taken"),
    [
        ("https://api.example.com/v1", True), ("http://127.0.0.1:11434/v1", True), ("http://[::1]:8000/v1", True),
        ("http://10.0.3.7/v1", True), ("http://ollama:11434/v1", True), ("http://vllm.models.svc:8000/v1", True),
        ("http://vllm.models.svc.cluster.local/v1", True), ("http://api.example.com/v1", False),
        ("http://8.8.8.8/v1", False), ("http://127.0.0.1.example.com/v1", False), ("http://svc.example.com/v1", False),
    ],
)  # fmt: skip
def test_evidence_and_key_cross_no_strange_network_in_plain_text(
    monkeypatch: pytest.MonkeyPatch, url: str, taken: bool
) -> None:
    given = settings(monkeypatch, NIGHTSHIFT_MODEL="gpt-4o", OPENAI_BASE_URL=url)
    if taken:
        assert language_model(given) is not None
        return
    with pytest.raises(ConfigError, match=r"OPENAI_BASE_URL: .* for all to read; use https"):
        language_model(given)
