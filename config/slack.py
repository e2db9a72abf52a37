"""Kinds of values that name things in Slack, each with the sentence that says what is wrong with one."""

import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, SecretStr

from config.addresses import TIERS

_CHANNEL = re.compile(r"[CG][A-Z0-9]{2,20}")
_NAME = re.compile(r"[SUW][A-Z0-9]{2,20}")


def _token(value: SecretStr) -> SecretStr:
    if not value.get_secret_value().startswith("xoxb-"):
        raise ValueError("is not a bot token, which begins with xoxb- (its value is secret)")
    return value


def _channel(value: str) -> str:
    if not _CHANNEL.fullmatch(value):
        raise ValueError(f"{value!r} is not the id of a channel, such as C024BE91L (in the channel's details, below)")
    return value


def _hook(value: SecretStr) -> SecretStr:
    parts = urlsplit(value.get_secret_value())
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("is not an http(s) address (its value is secret)")
    return value


def _names(value: object) -> object:
    """`S024BE7LH,U024BE7LH`: user groups and users."""
    if not isinstance(value, str):
        return value
    names = tuple(name.strip() for name in value.split(",") if name.strip())
    wrong = next((name for name in names if not _NAME.fullmatch(name)), None)
    if wrong is not None:
        raise ValueError(f"{wrong!r} is not the id of a user group (S...) or of a user (U... or W...)")
    return names


def _tiers(value: object) -> object:
    """`1=S024BE7LH;2=S024BE7LJ,U024BE7LH`."""
    if not isinstance(value, str):
        return value
    tiers: dict[int, object] = {}
    for part in filter(None, (part.strip() for part in value.split(";"))):
        tier, _, names = part.partition("=")
        if tier.strip() not in {str(number) for number in TIERS}:
            raise ValueError(f"{part!r} does not begin with a tier (1, 2 or 3), as in 1=S024BE7LH")
        tiers[int(tier)] = _names(names)
    return tiers


SlackToken = Annotated[SecretStr, AfterValidator(_token)]
SlackChannelId = Annotated[str, AfterValidator(_channel)]
SlackHook = Annotated[SecretStr, AfterValidator(_hook)]
SlackNames = Annotated[tuple[str, ...], BeforeValidator(_names)]
SlackTiers = Annotated[dict[int, tuple[str, ...]], BeforeValidator(_tiers)]
