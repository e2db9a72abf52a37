"""The language model: is there one, does it answer, and what may it cost?"""

from collections.abc import Iterator
from datetime import UTC, datetime

from config.adapters.model import language_model
from config.adapters.store import Store, own_store
from config.advice import advice_terms
from config.errors import ConfigError
from config.settings import Settings
from domain.advice.terms import Terms
from starter.doctor.check import Check, Doubt, blocking, off

GROUP = "model"
_COST = "causes are found by statistics and rules alone"
_SECONDS = 10.0


def checks(settings: Settings) -> Iterator[Check]:
    """One row without a model; else whether it answers, and what was spent."""
    if settings.model is None:
        has_key = settings.openai_api_key is not None
        said = "nothing, unless you want one: NIGHTSHIFT_MODEL is not set" + (", so your key is not used" * has_key)
        yield off(GROUP, "language model", _COST, said)
        return

    yield Check(
        GROUP, "language model", "the list of its models, which costs nothing", f"no second opinion: {_COST}",
        "look at OPENAI_API_KEY, OPENAI_BASE_URL, NIGHTSHIFT_MODEL and NIGHTSHIFT_MODEL_PRICES",
        blocking(lambda: _answers(settings)),
    )  # fmt: skip
    yield Check(
        GROUP, "cost", "what calls of the last hour cost", "no call is made where nobody counts what it costs",
        "see to the store", blocking(lambda: _spent(settings)),
    )  # fmt: skip


def _answers(settings: Settings) -> str:
    terms, model = _terms(settings), language_model(settings)
    if model is None:
        raise ConfigError("NIGHTSHIFT_MODEL: is not set")
    where = settings.openai_base_url or "OpenAI"
    offered = model.models(_SECONDS)
    if terms.model not in offered:
        raise Doubt(f"{where} answers and does not list {terms.model!r}")
    return f"{terms.model} at {where}: masked evidence of each incident is sent there"


def _spent(settings: Settings) -> str:
    terms = _terms(settings)
    with own_store(settings).pool as pool:
        spent = Store(pool).model_calls.spent(None, datetime.now(UTC)).hour_usd
    per_call = f"${terms.price.input_usd:g} and ${terms.price.output_usd:g} for a million tokens in and out"
    return (
        f"${spent:.2f} of ${terms.usd_per_hour:.2f} in the last hour; at most ${terms.usd_per_incident:.2f} for an "
        f"incident; {per_call}"
    )


def _terms(settings: Settings) -> Terms:
    terms = advice_terms(settings)
    if terms is None:
        raise ConfigError("NIGHTSHIFT_MODEL: is not set")
    return terms
