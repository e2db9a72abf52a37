"""Alertmanager: groups alerts and sends them to one webhook."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import yaml
from pydantic import SecretStr

from rig.obtain import alertmanager
from rig.servers.plain import PLAIN
from rig.servers.ports import LOOPBACK, free_port, preferred_port
from rig.servers.process import Command, ManagedProcess, answers_http
from rig.servers.server import Server

_PORT = 9093
_RECEIVER = "webhook"
RELOAD_SECONDS = 10.0


@dataclass(frozen=True)
class Grouping:
    """How alerts are gathered; times in seconds, Alertmanager's own defaults."""

    by: Sequence[str] = ("alertname", "service")
    wait: float = 30.0
    interval: float = 300.0
    repeat: float = 4 * 3600.0

    def as_config(self) -> dict[str, Any]:
        """The fields under `route`."""
        return {
            "group_by": list(self.by),
            "group_wait": _milliseconds(self.wait),
            "group_interval": _milliseconds(self.interval),
            "repeat_interval": _milliseconds(self.repeat),
        }


class AlertmanagerServer(Server):
    """Alertmanager at `url`. Change `webhook` and call `reload()` while it runs."""

    def __init__(
        self,
        folder: Path,
        *,
        webhook: str | None = None,
        bearer_token: SecretStr | None = None,
        grouping: Grouping | None = None,
        known_port: bool = False,
    ) -> None:
        """`webhook` is where alerts are posted, None for nowhere; `known_port` prefers 9093 where it is free."""
        self._folder = folder.absolute()
        self.webhook = webhook
        self._token = bearer_token
        self._grouping = grouping or Grouping()
        self._address = f"{LOOPBACK}:{preferred_port(_PORT) if known_port else free_port()}"
        self.url = f"http://{self._address}"
        self.process: ManagedProcess | None = None

    def start(self) -> None:
        """Start it; returns when it takes alerts."""
        self._write_config()
        log = self._folder / "alertmanager.log"
        argv = [str(alertmanager.obtain()), *self._arguments()]
        self.process = ManagedProcess(Command("Alertmanager", argv, log))
        self.process.start(answers_http(f"{self.url}/-/ready"))

    def _arguments(self) -> list[str]:
        return [
            f"--config.file={self._config_file}",
            f"--storage.path={self._folder / 'data'}",
            f"--web.listen-address={self._address}",
            f"--web.external-url={self.url}",
            "--cluster.listen-address=",  # one alone needs no peers, and would listen on all interfaces for them
        ]

    def reload(self) -> None:
        """Take over a changed webhook; RuntimeError with Alertmanager's words where it refuses it."""
        self._write_config()
        answer = httpx.post(f"{self.url}/-/reload", timeout=RELOAD_SECONDS, trust_env=False, verify=PLAIN)
        if answer.is_error:
            raise RuntimeError(f"Alertmanager did not take its configuration: {answer.text.strip()}")

    def stop(self) -> None:
        """Stop it; silences stay in the folder."""
        if self.process is not None:
            self.process.stop()

    @property
    def _config_file(self) -> Path:
        return self._folder / "alertmanager.yml"

    def _write_config(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        receiver: dict[str, Any] = {"name": _RECEIVER}
        if self.webhook:
            receiver["webhook_configs"] = [self._webhook_config(self.webhook)]
        route = {"receiver": _RECEIVER, **self._grouping.as_config()}
        self._config_file.write_text(yaml.safe_dump({"route": route, "receivers": [receiver]}))

    def _webhook_config(self, url: str) -> dict[str, Any]:
        http: dict[str, Any] = {"proxy_url": ""}
        if self._token:
            file = self._folder / "token"
            file.touch(mode=0o600)
            file.write_text(self._token.get_secret_value())
            http["authorization"] = {"credentials_file": str(file)}
        return {"url": url, "send_resolved": True, "http_config": http}


def _milliseconds(seconds: float) -> str:
    return f"{round(seconds * 1000)}ms"
