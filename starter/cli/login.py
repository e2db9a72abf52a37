"""`nightshift login` and `logout`: who you are at a starter, kept in a file that only you can read."""

import json
import os
from pathlib import Path
from typing import Annotated

import httpx
import typer
from pydantic import SecretStr, ValidationError

from config.settings import load_settings
from domain.model import Model
from starter.cli.exits import Exit, Stop
from starter.cli.output import output_of

_LIMIT_S = 10.0
_ONLY_MINE = 0o600


class Login(Model):
    """A starter's address, and a person's token there."""

    url: str
    name: str
    token: SecretStr


def place() -> Path:
    """Where the login is kept."""
    home = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return Path(home) / "nightshift" / "login.json"


def stored() -> Login | None:
    """The login of this user, None without one. Raises Stop for a file that is broken, or that others can read."""
    path = place()
    try:
        mode = path.stat().st_mode & 0o777
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    if mode & 0o077:
        raise Stop(Exit.USAGE, f"{path} can be read by others (mode {mode:o}); `chmod 600` it and change your token")
    try:
        return Login.model_validate_json(text)
    except ValidationError:
        raise Stop(Exit.USAGE, f"{path} is no login; run `nightshift login` again") from None


def login(
    context: typer.Context,
    url: Annotated[str | None, typer.Option(help="The starter; without it NIGHTSHIFT_STARTER_URL.")] = None,
) -> None:
    """Log in to a starter with your token, so that what you decide is proven."""
    output = output_of(context)
    settings = load_settings()
    base = (url or settings.starter_url or "").rstrip("/")
    if not base.startswith(("http://", "https://")):
        raise typer.BadParameter("name the starter, such as http://127.0.0.1:8000", param_hint="--url")
    token: str = typer.prompt("Token", hide_input=True, err=True)
    name = _who(base, token.strip())
    _keep(base, name, token.strip())
    output.note(f"logged in at {base} as {name}; kept in {place()}")


def logout(context: typer.Context) -> None:
    """Forget the token."""
    place().unlink(missing_ok=True)
    output_of(context).note("logged out; what you say from now on is claimed")


def _who(base: str, token: str) -> str:
    """Whose token it is. Raises Stop."""
    try:
        answer = httpx.get(f"{base}/api/me", headers={"Authorization": f"Bearer {token}"}, timeout=_LIMIT_S)
        body = answer.json()
    except (httpx.HTTPError, ValueError) as error:
        raise Stop(Exit.UNREACHABLE, f"{base} did not answer: {error}") from error
    if not answer.is_success:
        raise Stop(Exit.REFUSED, f"{base}: {body.get('text', answer.status_code)}")
    return str(body["name"])


def _keep(url: str, name: str, token: str) -> None:
    path = place()
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.unlink(missing_ok=True)
    # Opened with its mode, so that it is never readable for others, not even for a moment.
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _ONLY_MINE), "w", encoding="utf-8") as file:
        json.dump({"url": url, "name": name, "token": token}, file)
