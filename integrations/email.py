"""E-mail by SMTP. The same message twice has the same Message-ID, and an incident's mails are one thread."""

import hashlib
import re
import smtplib
import ssl
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, localtime
from typing import NoReturn
from urllib.parse import SplitResult, unquote, urlsplit

from pydantic import SecretStr

from domain.message import Message, Receipt
from integrations.ports import Rejected, Unavailable

TIMEOUT_S = 10.0
_PORTS = {"smtp": 25, "smtps": 465}
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
# What RFC 5322 allows in the left part of a Message-ID.
_NOT_ATOM = re.compile(r"[^A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+")
_BLANKS = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_LONGEST_SUBJECT = 250
_LONGEST_REPLY = 200
_PERMANENT = 500


class EmailChannel:
    """Channel `email`. `recipients` are addresses by tier; a tier without any goes to the next higher one.

    `url` is smtp:// (STARTTLS where it is offered and there is a password) or smtps://, with user and password.
    """

    name = "email"

    def __init__(
        self, url: SecretStr, sender: str, recipients: Mapping[int, Sequence[str]], *,
        timeout_s: float = TIMEOUT_S, tls: ssl.SSLContext | None = None,
    ) -> None:  # fmt: skip
        self._url = url
        self._sender = sender
        self._recipients = {tier: tuple(addresses) for tier, addresses in recipients.items() if addresses}
        self._timeout_s = timeout_s
        self._tls = tls

    def send(self, message: Message) -> Receipt:
        """Deliver to the mail server. Raises Unavailable (worth a retry: 4xx, no answer) or Rejected (5xx)."""
        to = self._to(message.tier)
        mail = self._mail(message, to)
        with self._translated():
            refused = self._deliver(mail)
        detail = f"to {', '.join(address for address in to if address not in refused)}"
        if refused:
            detail += f"; refused: {', '.join(f'{address} ({_said(*why)})' for address, why in refused.items())}"
        return Receipt(channel=self.name, delivered=True, reference=str(mail["Message-ID"]), detail=detail)

    def handshake(self) -> None:
        """Connect, log in and leave, without a message: would the server take one? Raises as `send` does."""
        with self._translated():
            server = self._connect()
            try:
                self._log_in(server)
                server.noop()
            finally:
                server.close()

    @contextmanager
    def _translated(self) -> Generator[None]:
        try:
            yield
        except smtplib.SMTPException as error:
            _raise_from_server(error)
        except ssl.SSLCertVerificationError as error:
            raise Rejected(f"email: the certificate of {self._place} is not valid: {error.verify_message}") from error
        except OSError as error:
            raise Unavailable(
                f"email: {self._place} does not answer: {error.strerror or type(error).__name__}"
            ) from error

    def _to(self, tier: int) -> Sequence[str]:
        """The tier's addresses; else those of the next higher tier (1 is the highest), else of the next lower."""
        order = sorted(self._recipients, key=lambda known: (known > tier, abs(known - tier)))
        if not order:
            raise Rejected("email: EMAIL_TO names no address")
        return self._recipients[order[0]]

    def _mail(self, message: Message, to: Sequence[str]) -> EmailMessage:
        mail = EmailMessage(policy=SMTP)
        mail["Subject"] = _line(message.subject)
        mail["From"] = Address("Nightshift", addr_spec=self._sender)
        mail["To"] = [Address(addr_spec=address) for address in to]
        mail["Date"] = format_datetime(localtime())
        mail["Message-ID"] = self._id(message.key)
        if message.thread is not None and message.thread != message.key:
            mail["In-Reply-To"] = self._id(message.thread)
            mail["References"] = self._id(message.thread)
        mail["Auto-Submitted"] = "auto-generated"
        mail["Importance"] = "high" if message.page else "normal"
        mail.set_content(_encodable(message.text))
        mail.add_alternative(_encodable(message.html), subtype="html")
        return mail

    def _id(self, key: str) -> str:
        """The Message-ID of a key. A key that had to be changed keeps a hash, so that no two become one."""
        atom = _NOT_ATOM.sub("-", key).strip(".")[:100] or "message"
        if atom != key:
            atom += f".{hashlib.sha256(key.encode('utf-8', 'replace')).hexdigest()[:12]}"
        return f"<{atom}@{self._sender.rpartition('@')[2]}>"

    def _deliver(self, mail: EmailMessage) -> dict[str, tuple[int, bytes]]:
        """The recipients that the server refused, while it took others."""
        server = self._connect()
        try:
            self._log_in(server)
            refused = server.send_message(mail)
        except BaseException:
            server.close()
            raise
        # The server has taken it: whatever the farewell says, sending it again would make it two.
        with suppress(smtplib.SMTPException, OSError):
            server.quit()
        return refused

    def _connect(self) -> smtplib.SMTP:
        host, port = str(self._address.hostname), self._address.port or _PORTS[self._address.scheme]
        if self._address.scheme == "smtps":
            return smtplib.SMTP_SSL(host, port, timeout=self._timeout_s, context=self._context)
        return smtplib.SMTP(host, port, timeout=self._timeout_s)

    def _log_in(self, server: smtplib.SMTP) -> None:
        """With a password only over TLS, except to this machine."""
        server.ehlo_or_helo_if_needed()
        if not self._address.username:
            return
        if self._address.scheme == "smtp" and server.has_extn("starttls"):
            server.starttls(context=self._context)
            server.ehlo()
        elif self._address.scheme == "smtp" and self._address.hostname not in _LOOPBACK:
            raise Rejected(f"email: {self._place} offers no STARTTLS, and the password would travel readable for all")
        server.login(unquote(self._address.username), unquote(self._address.password or ""))

    @property
    def _context(self) -> ssl.SSLContext:
        return self._tls or ssl.create_default_context()

    @property
    def _address(self) -> SplitResult:
        return urlsplit(self._url.get_secret_value())

    @property
    def _place(self) -> str:
        """Host and port, which are no secret."""
        return f"{self._address.hostname}:{self._address.port or _PORTS[self._address.scheme]}"


def _line(text: str) -> str:
    """One line: a line break in a header would begin another header."""
    return _BLANKS.sub(" ", _encodable(text)).strip()[:_LONGEST_SUBJECT]


def _encodable(text: str) -> str:
    """Without halves of characters, which alerts may hold and no encoding can write."""
    return text.encode("utf-8", "replace").decode()


def _raise_from_server(error: smtplib.SMTPException) -> NoReturn:
    """Temporary or permanent, as the server's code says; without a code the connection broke, which may pass."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        codes = [code for code, _ in error.recipients.values()]
        said = "; ".join(f"{address}: {_said(*why)}" for address, why in error.recipients.items())
        kind = Rejected if all(code >= _PERMANENT for code in codes) else Unavailable
        raise kind(f"email: every recipient was refused: {said}") from error
    if isinstance(error, smtplib.SMTPResponseException):
        kind = Rejected if error.smtp_code >= _PERMANENT else Unavailable
        raise kind(f"email: {_said(error.smtp_code, error.smtp_error)}") from error
    if isinstance(error, smtplib.SMTPNotSupportedError):
        raise Rejected(f"email: {error}") from error
    raise Unavailable(f"email: the connection broke: {_line(str(error))[:_LONGEST_REPLY]}") from error


def _said(code: int, reply: bytes | str) -> str:
    text = reply.decode("utf-8", "replace") if isinstance(reply, bytes) else reply
    return f"{code} {_line(text)}"[:_LONGEST_REPLY]
