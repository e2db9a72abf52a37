"""Kinds of addresses that settings hold, each with the sentence that says what is wrong with one."""

import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, SecretStr

_MAIL = re.compile(r"^[^\s@,;=<>\"']+@[^\s@,;=<>\"']+$")
_DSN_SCHEMES = ("postgresql", "postgres")
_HIGHEST_PORT = 65_535
_SHORTEST_TOKEN = 16
TIERS = (1, 2, 3)


def _host_port(value: str) -> str:
    host, _, port = value.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) <= _HIGHEST_PORT:
        raise ValueError(f"{value!r} is not host:port")
    return value


def _http(value: str) -> str:
    parts = _split(value)
    if parts is None or parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(f"{_without_password(value)!r} is not an http(s) address")
    if parts.username or parts.password:
        raise ValueError(
            f"{_without_password(value)!r} holds a user or password: links on pages would show it; "
            "the variable that ends in _LOGIN takes them"
        )
    if parts.query or parts.fragment:
        raise ValueError(f"{value!r} has a query or fragment; only the base address is wanted")
    return value.rstrip("/")


def _smtp(value: SecretStr) -> SecretStr:
    parts = _split(value.get_secret_value())
    if parts is None or parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
        raise ValueError("is not smtp://user:password@host:port (its value is secret)")
    return value


def _dsn(value: SecretStr) -> SecretStr:
    """A URL, or libpq's `key=value` form; whether it connects is what `doctor` asks."""
    text = value.get_secret_value()
    is_url = text.startswith(tuple(f"{scheme}://" for scheme in _DSN_SCHEMES))
    if not is_url and not re.match(r"^\s*[a-z_]+\s*=", text):
        raise ValueError("is neither postgresql://... nor key=value (its value is secret)")
    return value


def _token(value: SecretStr) -> SecretStr:
    length = len(value.get_secret_value())
    if length < _SHORTEST_TOKEN:
        raise ValueError(f"has {length} characters, and {_SHORTEST_TOKEN} are the least (its value is secret)")
    return value


def _login(value: SecretStr) -> SecretStr:
    user, colon, password = value.get_secret_value().partition(":")
    if not (user and colon and password):
        raise ValueError("is not user:password (its value is secret)")
    return value


def _mail(value: str) -> str:
    if not _MAIL.match(value):
        raise ValueError(f"{value!r} is not a mail address")
    return value


def _recipients(value: object) -> object:
    """`a@x,b@x` for every tier, or `1=a@x,b@x;2=c@x;3=d@x`."""
    if not isinstance(value, str):
        return value
    if "=" not in value:
        return dict.fromkeys(TIERS, _addresses(value))
    tiers: dict[int, tuple[str, ...]] = {}
    for part in filter(None, (part.strip() for part in value.split(";"))):
        tier, _, names = part.partition("=")
        if tier.strip() not in {str(number) for number in TIERS}:
            raise ValueError(f"{part!r} does not begin with a tier (1, 2 or 3), as in 1=lead@example.com")
        tiers[int(tier)] = _addresses(names)
    return tiers


def _addresses(text: str) -> tuple[str, ...]:
    names = tuple(_mail(name.strip()) for name in text.split(",") if name.strip())
    if not names:
        raise ValueError(f"{text!r} names no mail address")
    return names


def _split(value: str):  # noqa: ANN202 - urllib's own result type
    try:
        parts = urlsplit(value)
        _ = parts.port  # raises for a port that is no number
    except ValueError:
        return None
    return parts


def _without_password(value: str) -> str:
    return re.sub(r"//[^/@]*@", "//***@", value)


HostPort = Annotated[str, AfterValidator(_host_port)]
HttpAddress = Annotated[str, AfterValidator(_http)]
SmtpAddress = Annotated[SecretStr, AfterValidator(_smtp)]
Dsn = Annotated[SecretStr, AfterValidator(_dsn)]
Token = Annotated[SecretStr, AfterValidator(_token)]
Login = Annotated[SecretStr, AfterValidator(_login)]
MailAddress = Annotated[str, AfterValidator(_mail)]
Recipients = Annotated[dict[int, tuple[str, ...]], BeforeValidator(_recipients)]
