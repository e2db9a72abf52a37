"""Who may call a webhook: whoever knows the token; without a token, this machine only."""

import hmac
from ipaddress import ip_address

from pydantic import SecretStr
from starlette.requests import Request

from starter.webhooks.body import Refused

_FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip")


def check_access(request: Request, token: SecretStr | None) -> None:
    """Raises Refused: 401 for a missing or wrong token, 403 for a peer from elsewhere while no token is set."""
    if token is None:
        only_this_machine(request, "NIGHTSHIFT_WEBHOOK_TOKEN is not set")
    elif not _knows(request.headers.get("authorization", ""), token):
        raise Refused(401, "authorization: the bearer token is missing or wrong")


def only_this_machine(request: Request, why: str) -> None:
    """Raises Refused with 403 for a peer from elsewhere, and for one behind a proxy."""
    # A proxy on this machine makes the whole world look like loopback.
    proxied = next((name for name in _FORWARDED if name in request.headers), None)
    if proxied is not None or not is_loopback(request.client.host if request.client else ""):
        raise Refused(403, f"{why}, so only this machine may call")


def is_loopback(host: str) -> bool:
    """Is it an address (or the name) of this machine's loopback?"""
    if host == "localhost":
        return True
    try:
        address = ip_address(host)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


def _knows(header: str, token: SecretStr) -> bool:
    scheme, _, given = header.partition(" ")
    expected = token.get_secret_value().encode()
    # Compared in any case, so that the time of an answer says nothing.
    same = hmac.compare_digest(given.strip().encode(errors="replace"), expected)
    return same and scheme.lower() == "bearer"
