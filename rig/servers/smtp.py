"""A mailbox: an SMTP server that keeps every message it is given as a file."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from rig.servers.ports import LOOPBACK, free_port
from rig.servers.server import Server

LOOK_EVERY_SECONDS = 0.05


@dataclass(frozen=True)
class Mail:
    """One message with the addresses of its envelope."""

    sender: str
    recipients: Sequence[str]
    message: EmailMessage


class SmtpInbox(Server):
    """An SMTP server at `host`:`port`, in a thread; messages also lie in `folder` as NNNN.eml."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.host = LOOPBACK
        self.port = free_port()
        self._mails: list[Mail] = []
        self._lock = threading.Lock()
        self._controller: Controller | None = None

    def start(self) -> None:
        """Start it; returns when it takes mail."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._controller = Controller(_Keep(self._keep), hostname=self.host, port=self.port)
        self._controller.start()

    def stop(self) -> None:
        """Stop it; the messages stay in the folder."""
        if self._controller is not None:
            self._controller.stop()
            self._controller = None

    @property
    def mails(self) -> Sequence[Mail]:
        """What has arrived, in order."""
        with self._lock:
            return tuple(self._mails)

    def clear(self) -> None:
        """Forget what has arrived; the files stay."""
        with self._lock:
            self._mails.clear()

    def wait_for(self, wanted: Callable[[Mail], bool], within: float) -> Mail:
        """The first mail that is wanted; TimeoutError when none has come in time (seconds)."""
        give_up = time.monotonic() + within
        while time.monotonic() < give_up:
            if found := next((mail for mail in self.mails if wanted(mail)), None):
                return found
            time.sleep(LOOK_EVERY_SECONDS)
        raise TimeoutError(f"no such mail in {within:g} s; {len(self.mails)} others came")

    def _keep(self, mail: Mail, content: bytes) -> None:
        with self._lock:
            number = len(list(self.folder.glob("*.eml"))) + 1
            (self.folder / f"{number:04}.eml").write_bytes(content)
            self._mails.append(mail)


class _Keep:
    """What aiosmtpd calls for each message."""

    def __init__(self, keep: Callable[[Mail, bytes], None]) -> None:
        self._keep = keep

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: ARG002, N802
        content = envelope.original_content or b""
        message = BytesParser(EmailMessage, policy=default).parsebytes(content)
        self._keep(Mail(envelope.mail_from or "", tuple(envelope.rcpt_tos), message), content)
        return "250 kept"
