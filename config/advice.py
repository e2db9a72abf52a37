"""The terms on which a language model is asked, from the settings."""

from ipaddress import ip_address
from urllib.parse import urlsplit

from config.errors import ConfigError
from config.prices import LIST_PRICES
from config.settings import Settings
from domain.advice.terms import Terms

_OWN = (".local", ".localhost", ".internal", ".svc", ".lan", ".home.arpa", ".test")
"""Ends of names that nobody on the internet has (RFC 6761, 6762 and 8375, ICANN's .internal), and Kubernetes' own."""


def advice_terms(settings: Settings) -> Terms | None:
    """None without NIGHTSHIFT_MODEL. Raises ConfigError for a model without a price: nobody could keep its limits."""
    model = settings.model
    if model is None:
        return None
    price = {**LIST_PRICES, **settings.model_prices}.get(model)
    if price is None:
        raise ConfigError(
            f"NIGHTSHIFT_MODEL_PRICES: names no price of {model!r}, so that no limit of cost could be kept; "
            f"say {model}=0.15/0.60, US dollars for a million tokens in and out, or {model}=0/0 where it costs nothing"
        )
    return Terms(
        model=model, price=price, temperature=settings.model_temperature, steps=settings.model_steps,
        looks=settings.model_looks, tokens=settings.model_tokens, within_s=settings.model_within_s,
        usd_per_incident=settings.model_usd_per_incident, usd_per_hour=settings.model_usd_per_hour,
    )  # fmt: skip


def address_problem(url: str) -> str | None:
    """Why evidence and key are not sent there, None: they may be. Without TLS they stay in a network of one's own: a
    name without a dot, or that only such a network knows, or a private address.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme == "https" or _is_own(host):
        return None
    return f"OPENAI_BASE_URL: {url!r} would carry evidence and key over other networks for all to read; use https"


def _is_own(host: str) -> bool:
    try:
        return not ip_address(host).is_global
    except ValueError:
        return "." not in host or host.endswith(_OWN)
