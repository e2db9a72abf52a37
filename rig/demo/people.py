"""The people of the demo: one, who decides by the door that `--approve-by` names, and logs in with a fresh token."""

from pathlib import Path

import yaml
from pydantic import SecretStr

from starter.identity import tokens

APPROVER = "demo-approver"
"""As the policies of the demo name the person."""
SLACK_USER = "U0ANA"


class People:
    """`file` is what the product reads: the token's hash is in it. The token itself stays in this process."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._fresh = tokens.make()

    @property
    def token(self) -> SecretStr:
        return self._fresh.token

    def write(self) -> None:
        """Before the product starts."""
        person = {"name": APPROVER, "slack": SLACK_USER, "token": self._fresh.hashed}
        self.file.write_text(yaml.safe_dump({"people": [person]}), encoding="utf-8")
