"""The product as its users run it: worker and starter as processes of their own, configured by the environment."""

import os
import secrets
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from rich.console import Console
from rich.markup import escape

from rig.demo.learning import forget
from rig.demo.paths import Paths
from rig.demo.surroundings import kept, model_line
from rig.servers import pagerduty
from rig.servers.process import Command, ManagedProcess, answers_http
from rig.servers.slack import CHANNEL

if TYPE_CHECKING:
    from rig.demo.stage import Stage

_PROGRAM = Path(sys.executable).with_name("nightshift")
# Nobody waits that long, but a machine that builds servers at the same time may need it.
_COMMAND_SECONDS = 300
_START_SECONDS = 120.0
DETECTION_EVERY_S = 15.0
"""As often as the history, at its end, has samples."""


class ProductFailedError(RuntimeError):
    """A command of the product ended with an error; the text is what it said."""


class Product:
    """Migrates the store and runs worker and starter while the block lasts."""

    def __init__(self, stage: "Stage", paths: Paths, console: Console) -> None:
        self._console = console
        self._paths = paths
        self._postgres = stage.postgres
        self.environment = {**kept(os.environ), **_environment(stage, paths)}
        self.url = f"http://127.0.0.1:{stage.starter_port}"
        self._running = ExitStack()
        self._processes: dict[str, ManagedProcess] = {}

    def run(self, *arguments: str, check: bool = True) -> "subprocess.CompletedProcess[str]":
        """`nightshift ...`; ProductFailedError with its words when it ends with an error and `check` is set."""
        try:
            done = subprocess.run(
                [str(_PROGRAM), *arguments],
                env=dict(self.environment),
                capture_output=True, text=True, check=False, timeout=_COMMAND_SECONDS,
            )  # fmt: skip
        except subprocess.TimeoutExpired as error:
            raise ProductFailedError(f"nightshift {' '.join(arguments)}: no end in {_COMMAND_SECONDS} s") from error
        if check and done.returncode:
            raise ProductFailedError(f"nightshift {' '.join(arguments)}: {done.stderr.strip() or done.stdout.strip()}")
        return done

    def dead(self) -> list[str]:
        """The names of the processes that have ended by themselves."""
        return [name for name, process in self._processes.items() if not process.running]

    def __enter__(self) -> Self:
        if (asked := model_line(os.environ)) is not None:
            self._console.print(f"[yellow]model[/]      {escape(asked)}", highlight=False)
        self.run("migrate")
        forget(self._postgres)
        began = time.monotonic()
        worker = self._process("worker")
        starter = self._process("starter")
        starter.wait_ready(answers_http(f"{self.url}/ready"), _START_SECONDS)
        worker.check()
        took = time.monotonic() - began
        self._console.print(f"[green]up[/]         worker and starter at {self.url} ({took:.1f} s)", highlight=False)
        return self

    def _process(self, name: str) -> ManagedProcess:
        log = self._paths.run / f"{name}.log"
        process = ManagedProcess(Command(name, [str(_PROGRAM), name], log, env=self.environment, alone=True))
        self._running.callback(process.stop)
        self._processes[name] = process
        process.start()
        return process

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._running.close()


def _environment(stage: "Stage", paths: Paths) -> Mapping[str, str]:
    """The settings by which the product finds the stage's servers; secrets go by the environment only."""
    assert stage.shop is not None  # noqa: S101 - the order of Stage.start()
    database = stage.shop.database
    return {
        "TEMPORAL_ADDRESS": stage.temporal.address,
        "TEMPORAL_UI_URL": stage.temporal.ui_url,
        "DATABASE_URL": stage.postgres.create_database("nightshift"),
        "PROMETHEUS_URL": stage.prometheus.url,
        "ALERTMANAGER_URL": stage.alertmanager.url,
        "ELASTICSEARCH_URL": stage.optional.elasticsearch_url or "",
        "ELASTICSEARCH_INDEX": "logs-shop",
        "JAEGER_URL": stage.optional.jaeger_url,
        "NIGHTSHIFT_POLICY": str(stage.scenario.policy),
        "NIGHTSHIFT_SERVICES": str(stage.scenario.services),
        "NIGHTSHIFT_CONNECTION_ORDERS_WATCH": database.read.get_secret_value(),
        "NIGHTSHIFT_CONNECTION_ORDERS_REMEDY": database.remedy.get_secret_value(),
        "SMTP_URL": f"smtp://127.0.0.1:{stage.inbox.port}",
        "EMAIL_FROM": "nightshift@demo.invalid",
        "EMAIL_TO": "oncall@demo.invalid",
        "SLACK_BOT_TOKEN": stage.slack.workspace.token,
        "SLACK_CHANNEL": CHANNEL,
        "SLACK_SIGNING_SECRET": stage.slack.signing_secret,
        "SLACK_API_URL": stage.slack.url,
        "PAGERDUTY_API_KEY": pagerduty.KEY,
        "PAGERDUTY_FROM": pagerduty.SENDER,
        "PAGERDUTY_SERVICE": pagerduty.SERVICE,
        "PAGERDUTY_ESCALATION_POLICIES": ";".join(f"{tier}={name}" for tier, name in pagerduty.POLICIES.items()),
        "PAGERDUTY_API_URL": stage.pagerduty.url,
        "PAGERDUTY_WEBHOOK_SECRET": pagerduty.SECRET,
        "NIGHTSHIFT_PEOPLE": str(stage.people.file),
        "NIGHTSHIFT_IDENTITY_KEY": secrets.token_urlsafe(32),
        "NIGHTSHIFT_WEBHOOK_TOKEN": stage.token.get_secret_value(),
        "NIGHTSHIFT_PORT": str(stage.starter_port),
        "NIGHTSHIFT_PUBLIC_URL": f"http://127.0.0.1:{stage.starter_port}",
        "NIGHTSHIFT_POSTMORTEMS": str(paths.postmortems),
        "NIGHTSHIFT_DETECTION_EVERY_S": f"{DETECTION_EVERY_S:g}",
        **stage.settings,
    }
