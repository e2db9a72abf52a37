"""Mails as a real SMTP server gets them: threads that hold together, and errors that say whether to try again."""

import ssl
import subprocess
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP as Server  # noqa: N811 - a constant's name, a class
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword, Session
from pydantic import SecretStr

from domain.levels import Severity
from domain.message import Message
from integrations.email import EmailChannel
from integrations.ports import PortError, Rejected, Unavailable
from rig.servers.ports import free_port
from rig.servers.smtp import SmtpInbox
from tests.incidents import a_view

SENDER = "nightshift@example.com"
TO = {1: ("lead@example.com",), 3: ("ana@example.com", "mia@example.com")}


def _message(**changes: object) -> Message:
    facts: dict[str, object] = {
        "incident": "INC-20260131-7F3K2A", "key": "INC-20260131-7F3K2A.1", "severity": Severity.CRITICAL,
        "subject": "[Nightshift] CRITICAL orders: 5xx at 31 % (INC-20260131-7F3K2A)", "tier": 1,
        "text": "detected: orders fails\n", "html": "<p>detected: orders fails</p>",
        "short": "CRITICAL orders: 5xx at 31 %", "facts": (), "links": (), "view": a_view(1),
    }  # fmt: skip
    return Message.model_validate({**facts, **changes})


@pytest.fixture
def channel(smtp: SmtpInbox) -> EmailChannel:
    return EmailChannel(SecretStr(f"smtp://{smtp.host}:{smtp.port}"), SENDER, TO)


def test_a_mail_has_text_and_html_and_says_that_a_machine_sent_it(channel: EmailChannel, smtp: SmtpInbox) -> None:
    receipt = channel.send(_message())
    (mail,) = smtp.mails
    assert (mail.sender, mail.recipients) == (SENDER, ("lead@example.com",))
    assert mail.message["Subject"] == _message().subject
    assert mail.message["Auto-Submitted"] == "auto-generated"
    parts = {
        part.get_content_type(): part.get_content().strip() for part in mail.message.walk() if not part.is_multipart()
    }
    assert parts == {"text/plain": "detected: orders fails", "text/html": "<p>detected: orders fails</p>"}
    assert (receipt.delivered, receipt.reference) == (True, "<INC-20260131-7F3K2A.1@example.com>")
    assert receipt.detail == "to lead@example.com"


def test_the_same_message_again_has_the_same_id(channel: EmailChannel, smtp: SmtpInbox) -> None:
    assert channel.send(_message()).reference == channel.send(_message()).reference
    assert len({mail.message["Message-ID"] for mail in smtp.mails}) == 1


def test_later_mails_answer_the_first_one(channel: EmailChannel, smtp: SmtpInbox) -> None:
    first = channel.send(_message()).reference
    channel.send(_message(key="INC-20260131-7F3K2A.2", thread="INC-20260131-7F3K2A.1"))
    root, reply = (mail.message for mail in smtp.mails)
    assert (root["In-Reply-To"], root["References"]) == (None, None)
    assert (reply["In-Reply-To"], reply["References"]) == (first, first)
    assert reply["Message-ID"] != first


def test_keys_that_no_header_could_hold_stay_apart(channel: EmailChannel) -> None:
    one, two = (channel.send(_message(key=key)).reference for key in ("a b>\r\nX: 1", "a b>\r\nX  1"))
    assert one != two
    assert "\n" not in one
    assert one.count(">") == 1


@pytest.mark.parametrize(
    "subject",
    [
        "fails\r\nBcc: all@example.com\r\n\r\nbody",
        "fails\nBcc: x@example.com",
        "a\x85Bcc: b\u2028Bcc: c\x0bd",
        "\ud800",
    ],
)
def test_a_subject_cannot_add_a_header(channel: EmailChannel, smtp: SmtpInbox, subject: str) -> None:
    channel.send(_message(subject=subject, text=subject, html=subject))
    (mail,) = smtp.mails
    assert mail.recipients == ("lead@example.com",)
    assert mail.message["Bcc"] is None
    assert set(mail.message.keys()) == {
        "Subject", "From", "To", "Date", "Message-ID", "Auto-Submitted", "Importance", "MIME-Version", "Content-Type",
    }  # fmt: skip


def test_letters_of_all_alphabets_arrive(channel: EmailChannel, smtp: SmtpInbox) -> None:
    channel.send(_message(subject="Zürich: Störung 停電 ▲", text="Störung 停電"))
    (mail,) = smtp.mails
    assert mail.message["Subject"] == "Zürich: Störung 停電 ▲"
    assert "Störung 停電" in mail.message.get_body(("plain",)).get_content()  # pyright: ignore[reportOptionalMemberAccess]


@pytest.mark.parametrize(("tier", "names"), [(1, TO[1]), (2, TO[1]), (3, TO[3])])
def test_a_tier_without_addresses_goes_to_the_next_higher_one(
    channel: EmailChannel, smtp: SmtpInbox, tier: int, names: tuple[str, ...]
) -> None:
    channel.send(_message(tier=tier))
    assert smtp.mails[0].recipients == names


def test_without_any_address_it_is_rejected() -> None:
    with pytest.raises(Rejected, match="EMAIL_TO"):
        EmailChannel(SecretStr("smtp://127.0.0.1:9"), SENDER, {}).send(_message())


class Scripted:
    """A handler that answers as it is told. `answers` are the replies to RCPT and DATA."""

    def __init__(self, rcpt: str | Callable[[str], str] = "250 OK", data: str = "250 OK") -> None:
        self.rcpt, self.data, self.taken = rcpt, data, 0
        self.over_tls: list[bool] = []

    async def handle_RCPT(  # noqa: N802
        self, server: Server, session: Session, envelope: Envelope, address: str, options: Any
    ) -> str:
        reply = self.rcpt if isinstance(self.rcpt, str) else self.rcpt(address)
        if reply.startswith("250"):
            envelope.rcpt_tos.append(address)
        return reply

    async def handle_DATA(self, server: Server, session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.taken += 1
        self.over_tls.append(session.ssl is not None)
        return self.data


@contextmanager
def _serving(handler: Scripted, host: str = "127.0.0.1", **settings: Any) -> Generator[int]:
    port = free_port()
    controller = Controller(handler, hostname=host, port=port, **settings)
    controller.start()
    try:
        yield port
    finally:
        controller.stop()


@pytest.mark.parametrize(
    ("script", "error"),
    [
        (Scripted(rcpt="450 mailbox busy"), Unavailable),
        (Scripted(rcpt="550 no such user"), Rejected),
        (Scripted(data="451 try again"), Unavailable),
        (Scripted(data="554 looks like spam"), Rejected),
    ],
)
def test_four_hundred_is_worth_a_retry_and_five_hundred_is_not(script: Scripted, error: type[PortError]) -> None:
    with _serving(script) as port, pytest.raises(error, match=r"4[15][01]|55[04]"):
        EmailChannel(SecretStr(f"smtp://127.0.0.1:{port}"), SENDER, TO).send(_message())


def test_one_refused_recipient_does_not_stop_the_others() -> None:
    script = Scripted(rcpt=lambda address: "550 gone" if address.startswith("ana") else "250 OK")
    with _serving(script) as port:
        receipt = EmailChannel(SecretStr(f"smtp://127.0.0.1:{port}"), SENDER, TO).send(_message(tier=3))
    assert receipt.detail == "to mia@example.com; refused: ana@example.com (550 gone)"


def test_a_server_that_is_not_there_is_unavailable() -> None:
    with pytest.raises(Unavailable, match="does not answer"):
        EmailChannel(SecretStr(f"smtp://127.0.0.1:{free_port()}"), SENDER, TO).send(_message())


def _authenticator(accepts: bool) -> Any:
    def check(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        right = LoginPassword(b"mia", b"p@ss/word")
        return AuthResult(success=accepts and data == right, handled=False)

    return check


def _certificate(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's context with a fresh certificate for 127.0.0.1, and a client's that trusts it."""
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-keyout", key, "-out", certificate,
         "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"],
        check=True, capture_output=True, timeout=60,
    )  # fmt: skip
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate, key)
    return server, ssl.create_default_context(cafile=str(certificate))


def test_the_password_travels_over_starttls_and_is_read_from_the_address(tmp_path: Path) -> None:
    server, client = _certificate(tmp_path)
    script = Scripted()
    with _serving(script, tls_context=server, authenticator=_authenticator(accepts=True), auth_required=True) as port:
        url = SecretStr(f"smtp://mia:p%40ss%2Fword@127.0.0.1:{port}")
        EmailChannel(url, SENDER, TO, tls=client).send(_message())
    assert script.over_tls == [True]


def test_a_certificate_that_nobody_vouches_for_is_rejected_before_the_password_is_sent(tmp_path: Path) -> None:
    server, _ = _certificate(tmp_path)
    with _serving(Scripted(), tls_context=server) as port, pytest.raises(Rejected, match="certificate") as caught:
        EmailChannel(SecretStr(f"smtp://mia:hunter2@127.0.0.1:{port}"), SENDER, TO).send(_message())
    assert "hunter2" not in str(caught.value)


def test_a_password_never_travels_readable_to_another_machine() -> None:
    """127.0.0.2 is this machine too, but nobody could know that from its name."""
    script = Scripted()
    with _serving(script, host="127.0.0.2") as port, pytest.raises(Rejected, match="offers no STARTTLS"):
        EmailChannel(SecretStr(f"smtp://mia:hunter2@127.0.0.2:{port}"), SENDER, TO).send(_message())
    assert script.taken == 0


def test_a_wrong_password_is_rejected_and_never_repeated_in_the_error(tmp_path: Path) -> None:
    server, client = _certificate(tmp_path)
    serving = _serving(Scripted(), tls_context=server, authenticator=_authenticator(accepts=False))
    with serving as port, pytest.raises(Rejected, match="535") as caught:
        EmailChannel(SecretStr(f"smtp://mia:hunter2@127.0.0.1:{port}"), SENDER, TO, tls=client).send(_message())
    assert "hunter2" not in f"{caught.value} {caught.value.__cause__}"


def test_a_farewell_that_fails_does_not_make_a_delivered_mail_a_failure() -> None:
    class RudeServer(Server):
        async def smtp_QUIT(self, arg: str) -> None:  # noqa: N802
            await self.push("421 leaving without a word")

    class RudeController(Controller):
        def factory(self) -> Server:
            return RudeServer(self.handler)

    script, port = Scripted(), free_port()
    controller = RudeController(script, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        assert EmailChannel(SecretStr(f"smtp://127.0.0.1:{port}"), SENDER, TO).send(_message()).delivered
    finally:
        controller.stop()
    assert script.taken == 1
