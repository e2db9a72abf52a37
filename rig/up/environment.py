"""What the product is told about the servers that `up` runs; everything else it reads from the environment as usual."""

import os
import shlex
from collections.abc import Mapping
from pathlib import Path

OURS = ("TEMPORAL_ADDRESS", "TEMPORAL_NAMESPACE", "TEMPORAL_UI_URL", "DATABASE_URL")
"""These are for `up` to say: what the environment says of them is not used."""


def environment(temporal: str, namespace: str, ui: str, store: str, port: int, folder: Path) -> dict[str, str]:
    """The settings of worker, starter and commands. `port` is the starter's."""
    wished = {
        "NIGHTSHIFT_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "NIGHTSHIFT_POSTMORTEMS": str(folder / "postmortems"),
    }
    ours = dict(zip(OURS, (temporal, namespace, ui, store), strict=True)) | {"NIGHTSHIFT_PORT": str(port)}
    return {name: value for name, value in wished.items() if not os.environ.get(name)} | ours


def overridden() -> list[str]:
    """Variables of the caller that `up` does not use."""
    return [name for name in OURS if os.environ.get(name)]


def write(path: Path, variables: Mapping[str, str]) -> None:
    """A file for other terminals to source; for its owner's eyes only."""
    lines = [f"export {name}={shlex.quote(value)}\n" for name, value in variables.items()]
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_text("".join(lines), encoding="utf-8")
