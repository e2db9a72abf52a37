"""Who is at a page: by the session's cookie, or by the header of a proxy that we trust."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_address

import structlog
from starlette.requests import Request

from domain.people import Person
from starter.identity.directory import Directory
from starter.identity.sessions import Session, Sessions

_log = structlog.stdlib.get_logger(__name__)
Network = IPv4Network | IPv6Network


class Known(StrEnum):
    """How a visitor was recognised."""

    SESSION = "login"
    PROXY = "proxy"


@dataclass(frozen=True)
class Visitor:
    """Somebody who was recognised. `form` is what their forms have to bring back."""

    person: Person
    known: Known
    form: str
    session: Session | None = None


@dataclass(frozen=True)
class TrustedProxy:
    """A proxy that logs people in and names them in a header. From any other address the header says nothing."""

    header: str
    addresses: Sequence[Network]

    def says(self, request: Request) -> str | None:
        """The name or address of a person, None when the proxy says nothing."""
        named = request.headers.getlist(self.header)
        if not named:
            return None
        peer = request.client.host if request.client else ""
        if not self._is_one(peer):
            _log.warning("header of a proxy from elsewhere, not believed", header=self.header, peer=peer)
            return None
        if len(named) > 1:
            _log.warning("header of a proxy came more than once, not believed", header=self.header, peer=peer)
            return None
        return named[0].strip() or None

    def _is_one(self, peer: str) -> bool:
        try:
            address = ip_address(peer)
        except ValueError:
            return False
        return any(address in network for network in self.addresses)


class Visitors:
    """Recognises who asks for a page."""

    def __init__(self, directory: Directory, sessions: Sessions, cookie: str, proxy: TrustedProxy | None) -> None:
        self._directory = directory
        self.sessions = sessions
        self.cookie = cookie
        self._proxy = proxy

    def who(self, request: Request, now: datetime) -> Visitor | None:
        """The visitor, None for a stranger. A proxy's word counts before a cookie: it knows who sits there now."""
        named = self._proxy.says(request) if self._proxy is not None else None
        if named is not None:
            person = self._directory.named(named) or self._directory.with_email(named)
            if person is None:
                return None
            return Visitor(person, Known.PROXY, self.sessions.form_token(_of_proxy(person)))
        found = self.sessions.read(request.cookies.get(self.cookie, ""), now)
        if found is None:
            return None
        session, person = found
        return Visitor(person, Known.SESSION, self.sessions.form_token(session.id), session)

    def sent_by(self, visitor: Visitor, form: str) -> bool:
        """Comes this form from a page that we showed to this visitor?"""
        of = visitor.session.id if visitor.session is not None else _of_proxy(visitor.person)
        return self.sessions.knows_form(of, form)


def _of_proxy(person: Person) -> str:
    return f"proxy:{person.name}"


def from_elsewhere(request: Request) -> bool:
    """Was this sent by a page of another site? Browsers say so; what says nothing is no browser."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site != "same-origin"
    origin = request.headers.get("origin")
    return origin is not None and origin.partition("://")[2] != request.headers.get("host", "")
