"""The terms on which a language model is asked: which one, what it costs, and how much of everything it may use."""

from pydantic import Field

from domain.model import Model


class Price(Model):
    """US dollars for a million tokens, as providers list it."""

    input_usd: float = Field(ge=0)
    output_usd: float = Field(ge=0)


class Terms(Model):
    """A copy goes into each incident, as its policy does: it ends by the terms by which it began, as far as the worker
    that pays allows (`binding`).

    `steps`: calls of the model in one consultation. `looks`: pieces of evidence that it may ask for in one.
    `tokens`: in and out, of one consultation. `within_s`: seconds for one consultation, from the first call on.
    `usd_per_incident` and `usd_per_hour`: of all its consultations, and of all incidents within any hour.
    """

    model: str = Field(min_length=1, max_length=100)
    price: Price
    temperature: float = Field(default=0.0, ge=0, le=2)
    steps: int = Field(default=5, ge=1, le=20)
    looks: int = Field(default=6, ge=0, le=30)
    tokens: int = Field(default=60_000, ge=1_000)
    within_s: float = Field(default=60.0, ge=1, le=600)
    usd_per_incident: float = Field(default=0.5, ge=0)
    usd_per_hour: float = Field(default=5.0, ge=0)


def binding(asked: Terms, own: Terms) -> Terms | str:
    """The terms of who pays, or why none hold. `asked`: what the incident was opened with, a word of others to who
    holds the key: its price and its model count for nothing there, and its limits only where they are the lower ones.
    """
    if asked.model != own.model:
        return f"{asked.model!r} is asked for, and the worker asks {own.model!r} only"
    return asked.model_copy(
        update={
            "price": own.price, "usd_per_incident": min(asked.usd_per_incident, own.usd_per_incident),
            "usd_per_hour": min(asked.usd_per_hour, own.usd_per_hour),
        }
    )  # fmt: skip
