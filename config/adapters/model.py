"""The language model, by the settings."""

from config.advice import address_problem
from config.errors import ConfigError
from config.settings import Settings
from integrations.ports import LanguageModel


def language_model(settings: Settings) -> LanguageModel | None:
    """The model, None without NIGHTSHIFT_MODEL. Raises ConfigError when it has neither a key nor another server, and
    for one that is called in plain text across the internet.
    """
    if settings.model is None:
        return None
    if settings.openai_api_key is None and settings.openai_base_url is None:
        raise ConfigError("OPENAI_API_KEY: is not set; NIGHTSHIFT_MODEL needs it, or OPENAI_BASE_URL of another server")
    if settings.openai_base_url is not None and (problem := address_problem(settings.openai_base_url)) is not None:
        raise ConfigError(problem)
    from integrations.language_model import ChatModel  # noqa: PLC0415 - slow to import, and for those who have a model

    return ChatModel(settings.openai_api_key, settings.openai_base_url)
