"""The terms on which a language model is asked, from the settings."""

from config.errors import ConfigError
from config.prices import LIST_PRICES
from config.settings import Settings
from domain.advice.terms import Terms


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
