"""kubeconfig files: one cluster, one account, one context."""

import base64
from pathlib import Path

import yaml
from pydantic import SecretStr

CONTEXT = "rig"


def write_kubeconfig(file: Path, url: str, authority: Path, token: SecretStr) -> None:
    """Write a file that only its owner may read, since it holds the token; `authority` is a PEM file."""
    certificates = base64.b64encode(authority.read_bytes()).decode()
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": CONTEXT, "cluster": {"server": url, "certificate-authority-data": certificates}}],
        "users": [{"name": CONTEXT, "user": {"token": token.get_secret_value()}}],
        "contexts": [{"name": CONTEXT, "context": {"cluster": CONTEXT, "user": CONTEXT}}],
        "current-context": CONTEXT,
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch(mode=0o600)
    file.write_text(yaml.safe_dump(config))
