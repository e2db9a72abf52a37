"""kubeconfig files: one cluster, and a context for each account, named like it."""

import base64
from collections.abc import Mapping
from pathlib import Path

import yaml
from pydantic import SecretStr

_CLUSTER = "rig"


def write_kubeconfig(file: Path, url: str, authority: Path, tokens: Mapping[str, SecretStr]) -> None:
    """Write a file that only its owner may read, since it holds tokens; `tokens` are by account, the current one first.

    `authority` is a PEM file.
    """
    certificates = base64.b64encode(authority.read_bytes()).decode()
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": _CLUSTER, "cluster": {"server": url, "certificate-authority-data": certificates}}],
        "users": [{"name": name, "user": {"token": token.get_secret_value()}} for name, token in tokens.items()],
        "contexts": [{"name": name, "context": {"cluster": _CLUSTER, "user": name}} for name in tokens],
        "current-context": next(iter(tokens)),
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch(mode=0o600)
    file.write_text(yaml.safe_dump(config))
