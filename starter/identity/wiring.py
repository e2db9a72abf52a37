"""From settings to a desk."""

from config.settings import Settings
from domain.people import People
from starter.identity.desk import Desk
from starter.identity.directory import Directory
from starter.identity.sending import Incidents
from starter.identity.sessions import Sessions
from starter.identity.speech import Speech
from starter.identity.visitors import TrustedProxy, Visitors


def desk_of(settings: Settings, people: People, incidents: Incidents) -> Desk | None:
    """The desk of this installation, None where nobody is known."""
    if settings.identity_key is None or not people.people:
        return None
    directory = Directory(people)
    # A name that only a page of this very host over TLS can set.
    secure = (settings.public_url or "").startswith("https://")
    cookie = "__Host-nightshift" if secure else "nightshift"
    proxy = TrustedProxy(settings.proxy_header, settings.proxy_addresses) if settings.proxy_header else None
    visitors = Visitors(directory, Sessions(settings.identity_key, directory), cookie, proxy)
    return Desk(directory, Speech(settings.identity_key), visitors, incidents, secure=secure)
