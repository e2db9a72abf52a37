"""Prices of language models, as the setting holds them."""

from typing import Annotated

from pydantic import BeforeValidator, ValidationError

from domain.advice.terms import Price

LIST_PRICES = {"gpt-4o": Price(input_usd=2.5, output_usd=10)}
"""What OpenAI asks by its price list. Others, and other prices, come from the setting."""


def _prices(value: object) -> object:
    """`gpt-4o=2.50/10.00;another=0/0`: US dollars for a million tokens in, and out."""
    if not isinstance(value, str):
        return value
    return dict(_price(part.strip()) for part in value.split(";") if part.strip())


def _price(text: str) -> tuple[str, Price]:
    name, equals, amounts = text.rpartition("=")
    paid, slash, asked = amounts.partition("/")
    if not (name.strip() and equals and slash):
        raise ValueError(_wrong(text))
    try:
        return name.strip(), Price.model_validate({"input_usd": paid.strip(), "output_usd": asked.strip()})
    except ValidationError:
        raise ValueError(_wrong(text)) from None


def _wrong(text: str) -> str:
    return f"{text!r} is not a model with its prices for a million tokens in and out, such as gpt-4o=2.50/10.00"


Prices = Annotated[dict[str, Price], BeforeValidator(_prices)]
