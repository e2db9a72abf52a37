"""The life of a starter process."""

import asyncio
import signal
import socket
from collections.abc import Generator
from contextlib import contextmanager
from urllib.parse import urlsplit

import structlog
import uvicorn

from config.adapters import care
from config.adapters.people import whisperer
from config.adapters.store import own_store
from config.people import load_people
from config.policy import differences
from config.settings import Settings
from config.temporal import connect, converter
from domain.levels import Risk
from domain.people import People
from domain.policy import Policy
from starter.access import is_loopback
from starter.app import create_app
from starter.closing import Closing
from starter.house import house_of
from starter.identity.sending import TemporalEar
from starter.identity.wiring import desk_of
from starter.intake import TemporalIntake
from starter.live import TemporalIncidents
from starter.machine.asking import Asking
from starter.machine.watch import MachineWatch
from starter.metrics import StarterMetrics
from starter.muting import WindowsAndSilences
from starter.parts import Parts
from starter.synchronising import TemporalSynchroniser
from starter.targets import Targets
from starter.webhooks.pagerduty.translation import Home

# Longer than the longest wait for Temporal, so that a delivery that has begun gets its answer.
_GRACE_S = 10
_log = structlog.stdlib.get_logger(__name__)


async def run(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT. Raises ConfigError for settings that do not fit.

    Neither Temporal nor Postgres has to be up: until they are, deliveries get 503 and pages say what is missing.
    """
    parts = await _parts(settings)
    _say_who_may_call(settings)
    config = uvicorn.Config(
        create_app(parts),
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        # A header from anybody must not decide who the peer is.
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=_GRACE_S,
    )
    await _Server(config, parts.closing).serve()


class _Server(uvicorn.Server):
    """Stops at SIGTERM and SIGINT as at a wish: uvicorn's own way ends the process by the signal, as if it had died."""

    def __init__(self, config: uvicorn.Config, closing: Closing) -> None:
        super().__init__(config)
        self._closing = closing

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Streams end first: they would hold the process up until they are cut off."""
        self._closing.end()
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        loop = asyncio.get_running_loop()
        stops = (signal.SIGTERM, signal.SIGINT)
        for number in stops:
            loop.add_signal_handler(number, self.handle_exit, number, None)
        try:
            yield
        finally:
            for number in stops:
                loop.remove_signal_handler(number)


def _hosts(settings: Settings) -> tuple[str, ...]:
    """Loopback's names, the address we listen on, the one that people were given, and those that were set."""
    public = urlsplit(settings.public_url).hostname if settings.public_url else None
    named = [public] if public else []
    return tuple(dict.fromkeys(("localhost", "127.0.0.1", settings.host, *named, *settings.hosts)))


async def _parts(settings: Settings) -> Parts:
    house = house_of(settings)
    people = load_people(settings, house.policy)
    _say_what_a_claim_decides(people, house.policy)
    _log.info("policy", differs_from_default=[str(difference) for difference in differences(house.policy)])
    store = own_store(settings)
    client = await connect(settings, lazy=True)
    metrics = StarterMetrics()
    # Whoever sends here has looked at silences of its own: Alertmanager does not send what it silences.
    mutes = WindowsAndSilences(store.maintenance, None, metrics.unasked)
    return Parts(
        metrics=metrics,
        hosts=_hosts(settings),
        intake=TemporalIntake(client, house, mutes=mutes),
        live=TemporalIncidents(client),
        synchroniser=TemporalSynchroniser(client),
        incidents=store.incidents,
        audit=store.audit,
        postmortems=store.postmortems,
        feedback=store.feedback,
        thresholds=store.thresholds,
        memory=store.memory,
        filters=store.filters,
        slack=whisperer(settings),
        ping_store=store.pool.ping,
        machine=MachineWatch(Asking(settings, house.policy, house.services, client, store).ask),
        targets=Targets(care.targets(settings, house.services)),
        webhook_token=settings.webhook_token,
        slack_secret=settings.slack_signing_secret,
        slack_decides_up_to=settings.slack_decide_up_to,
        desk=desk_of(settings, people, TemporalEar(client)),
        temporal_ui=settings.temporal_ui_url,
        codec=converter(settings).payload_codec,
        pagerduty_secrets=settings.pagerduty_webhook_secret,
        pagerduty_home=Home(settings.temporal_namespace, settings.pagerduty_service),
        namespace=settings.temporal_namespace,
    )


def _say_what_a_claim_decides(people: People, policy: Policy) -> None:
    if people.people and policy.claimed_identity_up_to is Risk.HIGH:
        _log.warning("people can prove who they are, and yet whoever may write to the Temporal namespace decides up to "
                     "risk HIGH in the name of any approver: set claimed_identity_up_to")  # fmt: skip


def _say_who_may_call(settings: Settings) -> None:
    if settings.webhook_token is None:
        _log.warning("NIGHTSHIFT_WEBHOOK_TOKEN is not set: only this machine may call the webhooks")
    if not is_loopback(settings.host):
        _log.warning("whoever reaches this address can read the pages: put a proxy that knows people in front of it",
                     host=settings.host)  # fmt: skip
