"""The people of an installation: a YAML file, and whether it goes with the policy and the settings."""

from config.errors import ConfigError
from config.settings import Settings
from config.yaml_file import checked, read_mapping
from domain.people import People
from domain.policy import Policy


def load_people(settings: Settings, policy: Policy) -> People:
    """Everybody who may be recognised; without a file nobody. Raises ConfigError, a line for each problem."""
    _proxy_is_whole(settings)
    path = settings.people_file
    if path is None:
        return People()
    people = checked(People, read_mapping(path), path)
    if settings.identity_key is None:
        raise ConfigError("NIGHTSHIFT_IDENTITY_KEY: is not set, so nothing that these people say could be proven")
    strangers = [
        f"policy: approvers[{number}]: {who!r} is not in {path}"
        for number, who in enumerate(policy.approvers)
        if people.named(who) is None
    ]
    if strangers:
        raise ConfigError("\n".join(strangers))
    return people


def _proxy_is_whole(settings: Settings) -> None:
    """A header that anybody may send says nothing; addresses without a header are a mistake."""
    if settings.proxy_header is not None and not settings.proxy_addresses:
        raise ConfigError("NIGHTSHIFT_PROXY_ADDRESSES: is not set: whose NIGHTSHIFT_PROXY_HEADER is believed?")
    if settings.proxy_header is None and settings.proxy_addresses:
        raise ConfigError("NIGHTSHIFT_PROXY_HEADER: is not set, though NIGHTSHIFT_PROXY_ADDRESSES names a proxy")
