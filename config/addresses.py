"""Kinds of addresses that settings hold, each with the sentence that says what is wrong with one."""

import re
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, SecretStr

_MAIL = re.compile(r"^[^\s@,;=<>\"']+@[^\s@,;=<>\"']+$")
_DSN_SCHEMES = ("postgresql", "postgres")
_HIGHEST_PORT = 65_535
_HOST = re.compile(r"^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$")
_SHORTEST_TOKEN = 16
_SHORTEST_KEY = 32
_HEADER = re.compile(r"[A-Za-z0-9-]{1,64}")
_VENDOR_ID = re.compile(r"[A-Za-z0-9]{4,40}")
_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]{0,199}")
# As Loki and Tempo take them; several tenants at once are joined by |.
_TENANT = re.compile(r"[A-Za-z0-9!_.*'()|-]{1,150}")
_ROUTING_KEY = re.compile(r"[A-Za-z0-9]{32}")
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


def _key(value: SecretStr) -> SecretStr:
    length = len(value.get_secret_value())
    if length < _SHORTEST_KEY:
        raise ValueError(f"has {length} characters, and {_SHORTEST_KEY} are the least (its value is secret)")
    return value


def _header(value: str) -> str:
    if not _HEADER.fullmatch(value):
        raise ValueError(f"{value!r} is not the name of a header, such as X-Forwarded-User")
    return value.lower()


def _networks(value: object) -> object:
    """`10.0.0.7` or `10.0.0.0/24`, several with commas between."""
    if not isinstance(value, str):
        return value
    return tuple(_network(part.strip()) for part in value.split(",") if part.strip())


def _network(text: str) -> IPv4Network | IPv6Network:
    try:
        return ip_network(text)
    except ValueError:
        raise ValueError(f"{text!r} is not an address such as 10.0.0.7, or a network such as 10.0.0.0/24") from None


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


def _policies(value: object) -> object:
    """`P1ABCDE` for every tier, or `1=P1ABCDE;2=P2ABCDE`."""
    if not isinstance(value, str):
        return value
    tiers = _by_tier(value)
    if tiers is None:
        raise ValueError(f"{value!r} is neither one id nor 1=ID;2=ID;3=ID")
    for name in tiers.values():
        _vendor_id(name)
    return tiers


def _routing_keys(value: object) -> object:
    """`KEY` for every tier, or `1=KEY;2=KEY`."""
    if not isinstance(value, str):
        return value
    tiers = _by_tier(value)
    if tiers is None or not all(_ROUTING_KEY.fullmatch(key) for key in tiers.values()):
        raise ValueError("is neither one routing key of 32 letters and digits nor 1=KEY;2=KEY;3=KEY")
    return {tier: SecretStr(key) for tier, key in tiers.items()}


def _by_tier(text: str) -> dict[int, str] | None:
    """One text for every tier, or those of `1=a;2=b`; None where it is neither."""
    if "=" not in text:
        return dict.fromkeys(TIERS, text.strip()) if text.strip() else None
    found = [part.partition("=") for part in text.split(";") if part.strip()]
    tiers = {tier.strip(): name.strip() for tier, _, name in found}
    if not all(tiers.values()) or not tiers.keys() <= {str(number) for number in TIERS} or len(tiers) < len(found):
        return None
    return {int(tier): name for tier, name in tiers.items()}


def _label(value: str) -> str:
    """It stands in queries without quotes."""
    if not _LABEL.fullmatch(value):
        raise ValueError(f"{value!r} is not the name of a label, such as service_name")
    return value


def _tenant(value: str) -> str:
    """It stands in a header."""
    if not _TENANT.fullmatch(value):
        raise ValueError(f"{value!r} is not the id of a tenant: letters, digits and !-_.*'(), several joined by |")
    return value


def _vendor_id(value: str) -> str:
    """Ids are put into paths of addresses."""
    if not _VENDOR_ID.fullmatch(value):
        raise ValueError(f"{value!r} is not an id such as 'PIJ90N7'")
    return value


def _secrets(value: object) -> object:
    """Several with commas between, for the time of a rotation, or one for each subscription."""
    if not isinstance(value, str):
        return value
    found = tuple(part.strip() for part in value.split(",") if part.strip())
    if not all(len(part) >= _SHORTEST_TOKEN for part in found):
        raise ValueError(f"holds a secret of less than {_SHORTEST_TOKEN} characters")
    return tuple(SecretStr(part) for part in found)


def _addresses(text: str) -> tuple[str, ...]:
    names = tuple(_mail(name.strip()) for name in text.split(",") if name.strip())
    if not names:
        raise ValueError(f"{text!r} names no mail address")
    return names


def _hosts(value: object) -> object:
    """`a,b.internal`: names without a port."""
    if not isinstance(value, str):
        return value
    return tuple(_host(name.strip()) for name in value.split(",") if name.strip())


def _host(value: str) -> str:
    if not _HOST.match(value):
        raise ValueError(f"{value!r} is not the name of a host, without a port")
    return value


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
Key = Annotated[SecretStr, AfterValidator(_key)]
HeaderName = Annotated[str, AfterValidator(_header)]
Networks = Annotated[tuple[IPv4Network | IPv6Network, ...], BeforeValidator(_networks)]
Login = Annotated[SecretStr, AfterValidator(_login)]
MailAddress = Annotated[str, AfterValidator(_mail)]
HostName = Annotated[str, AfterValidator(_host)]
HostNames = Annotated[tuple[str, ...], BeforeValidator(_hosts)]
Recipients = Annotated[dict[int, tuple[str, ...]], BeforeValidator(_recipients)]
LabelName = Annotated[str, AfterValidator(_label)]
TenantId = Annotated[str, AfterValidator(_tenant)]
VendorId = Annotated[str, AfterValidator(_vendor_id)]
Policies = Annotated[dict[int, str], BeforeValidator(_policies)]
RoutingKeys = Annotated[dict[int, SecretStr], BeforeValidator(_routing_keys)]
Secrets = Annotated[tuple[SecretStr, ...], BeforeValidator(_secrets)]
