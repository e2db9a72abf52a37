"""Towards Temporal by TLS: our client speaks it, shows its certificate, and trusts nobody whom it was not told to."""

import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from socket import create_server
from threading import Thread

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from config.errors import ConfigError
from config.settings import load_settings
from config.temporal import _place, connect  # pyright: ignore[reportPrivateUsage]


@dataclass(frozen=True)
class Papers:
    """PEM files: who vouches, whom for, and the key of that one; server and client show the same."""

    authority: Path
    certificate: Path
    key: Path


class TlsServer:
    """Takes one connection, asks for a certificate, and remembers who came by which protocol.

    Whoever comes again finds no one: in a queue that nobody serves a client would wait for ever.
    """

    def __init__(self, papers: Papers) -> None:
        self._context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(papers.authority))
        self._context.load_cert_chain(papers.certificate, papers.key)
        self._context.verify_mode = ssl.CERT_REQUIRED
        self._context.set_alpn_protocols(["h2"])
        self._socket = create_server(("127.0.0.1", 0))
        self._socket.settimeout(10)
        self.address = f"127.0.0.1:{self._socket.getsockname()[1]}"
        self.protocol: str | None = None
        self.shown: Mapping[str, object] | None = None
        self.error: str | None = None
        self._thread = Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        with self._socket:
            connection, _ = self._socket.accept()
        connection.settimeout(10)
        try:
            with self._context.wrap_socket(connection, server_side=True) as secured:
                self.protocol, self.shown = secured.selected_alpn_protocol(), secured.getpeercert()
        except (ssl.SSLError, OSError) as error:
            self.error = str(error)

    def done(self) -> None:
        self._thread.join(25)


def _certificate(subject: str, key: ec.EllipticCurvePublicKey, by: ec.EllipticCurvePrivateKey) -> bytes:
    now, name = datetime.now(UTC), x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, subject)])
    authority = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "authority")])
    names = x509.SubjectAlternativeName([x509.DNSName(subject), x509.IPAddress(ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(authority).public_key(key)
        .serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1)).add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=subject == "authority", path_length=None), critical=True)
        .sign(by, hashes.SHA256())
    )  # fmt: skip
    return made.public_bytes(serialization.Encoding.PEM)


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Papers:
    folder = tmp_path_factory.mktemp("tls")
    authority, ours = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    made = Papers(folder / "authority.pem", folder / "certificate.pem", folder / "key.pem")
    made.authority.write_bytes(_certificate("authority", authority.public_key(), authority))
    made.certificate.write_bytes(_certificate("temporal.example", ours.public_key(), authority))
    pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    made.key.write_bytes(ours.private_bytes(pem, pkcs8, serialization.NoEncryption()))
    return made


@pytest.fixture
def server(papers: Papers) -> Iterator[TlsServer]:
    server = TlsServer(papers)
    yield server
    server.done()


async def _connects(server: TlsServer) -> None:
    """It speaks TLS and nothing else, so no client gets further than that."""
    with pytest.raises(RuntimeError):
        await connect(load_settings())
    server.done()


async def test_with_certificates_both_sides_know_each_other(
    server: TlsServer, papers: Papers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", server.address)
    monkeypatch.setenv("TEMPORAL_TLS", "true")
    monkeypatch.setenv("TEMPORAL_TLS_SERVER_CA_CERT_PATH", str(papers.authority))
    monkeypatch.setenv("TEMPORAL_TLS_CLIENT_CERT_PATH", str(papers.certificate))
    monkeypatch.setenv("TEMPORAL_TLS_CLIENT_KEY_PATH", str(papers.key))
    await _connects(server)
    assert (server.protocol, server.error) == ("h2", None)
    assert "temporal.example" in str(server.shown)


async def test_a_server_that_nobody_vouches_for_is_not_spoken_to(
    server: TlsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", server.address)
    monkeypatch.setenv("TEMPORAL_TLS", "true")
    await _connects(server)
    assert server.shown is None
    assert server.error is not None


async def test_without_the_setting_it_is_plain(server: TlsServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", server.address)
    await _connects(server)
    assert server.shown is None


def test_an_api_key_turns_tls_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """And it is shown nowhere."""
    monkeypatch.setenv("TEMPORAL_API_KEY", "a-key-of-temporal")
    settings = load_settings()
    place = _place(settings)
    assert (place.get("api_key"), place.get("tls")) == ("a-key-of-temporal", True)
    assert "a-key-of-temporal" not in repr(settings)


def test_a_certificate_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEMPORAL_TLS_CLIENT_CERT_PATH", "nowhere.pem")
    monkeypatch.setenv("TEMPORAL_TLS_CLIENT_KEY_PATH", "nowhere.pem")
    with pytest.raises(ConfigError, match=r"nowhere\.pem"):
        _place(load_settings())
