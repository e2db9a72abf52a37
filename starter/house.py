"""What every incident of this installation starts with, by its settings."""

from config.advice import advice_terms
from config.people import load_people
from config.policy import load_policy
from config.services import load_services
from config.settings import Settings
from starter.intake import House


def house_of(settings: Settings) -> House:
    """The policy, the services, the addresses for links and the terms for a language model. Raises ConfigError."""
    policy = load_policy(settings.policy_file)
    return House(
        policy=policy,
        services=load_services(settings.services_file),
        namespace=settings.temporal_namespace,
        temporal_ui=settings.temporal_ui_url,
        public_url=settings.public_url,
        limits=load_people(settings, policy).limits,
        adviser=advice_terms(settings),
    )
