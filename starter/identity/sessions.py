"""Sessions of the pages: a signed cookie, and for each session a token that only our own forms know."""

import base64
import binascii
import hashlib
import hmac
import json
import secrets
from datetime import datetime, timedelta

from pydantic import SecretStr, ValidationError

from domain.model import Model
from domain.people import Person
from starter.identity.directory import Directory

LIFE = timedelta(hours=12)
_LONGEST = 2_000
_MOST_ENDED = 10_000


class Session(Model):
    """One login. `until` is in seconds of Unix time; `token` fingerprints the hash by which the person logged in, so
    that a person who gets another token, or leaves, is logged out.
    """

    id: str
    who: str
    until: int
    token: str


class Sessions:
    """Signs and reads cookies. A logout is remembered by this process until the session would have ended anyway."""

    def __init__(self, key: SecretStr, directory: Directory) -> None:
        secret = key.get_secret_value().encode()
        self._signing = _derived(secret, "session")
        self._forms = _derived(secret, "form")
        self._directory = directory
        self._ended: dict[str, int] = {}

    def begin(self, person: Person, now: datetime) -> str:
        """The cookie of a new session."""
        until = int((now + LIFE).timestamp())
        session = Session(id=secrets.token_hex(16), who=person.name, until=until, token=_fingerprint(person))
        body = base64.urlsafe_b64encode(session.model_dump_json().encode()).decode()
        return f"{body}.{self._code(body)}"

    def read(self, cookie: str, now: datetime) -> tuple[Session, Person] | None:
        """Whose session it is. None for a forged, an expired and an ended one, and for who is not known any more."""
        body, _, code = cookie.partition(".")
        if len(cookie) > _LONGEST or not hmac.compare_digest(code.encode(), self._code(body).encode()):
            return None
        try:
            session = Session.model_validate(json.loads(base64.urlsafe_b64decode(body)))
        except (ValidationError, ValueError, binascii.Error):
            return None
        person = self._directory.named(session.who)
        if now.timestamp() >= session.until or session.id in self._ended or person is None:
            return None
        return (session, person) if session.token == _fingerprint(person) else None

    def end(self, session: Session, now: datetime) -> None:
        """The cookie is worth nothing from now on, whoever has a copy."""
        still = {name: until for name, until in self._ended.items() if until > now.timestamp()}
        self._ended = dict(list(still.items())[-_MOST_ENDED:]) | {session.id: session.until}

    def form_token(self, of: str) -> str:
        """What our own forms carry; `of` is the session's id, or what stands for it."""
        return hmac.new(self._forms, of.encode(), hashlib.sha256).hexdigest()

    def knows_form(self, of: str, token: str) -> bool:
        """Comes it from a form that was shown to this session?"""
        return hmac.compare_digest(self.form_token(of).encode(), token.encode(errors="replace"))

    def _code(self, body: str) -> str:
        return hmac.new(self._signing, body.encode(), hashlib.sha256).hexdigest()


def _derived(key: bytes, purpose: str) -> bytes:
    """One key per purpose, so that what is signed for one is nothing for another."""
    return hmac.new(key, f"nightshift {purpose} 1".encode(), hashlib.sha256).digest()


def _fingerprint(person: Person) -> str:
    return hashlib.sha256((person.token.get_secret_value() if person.token else "").encode()).hexdigest()[:16]
