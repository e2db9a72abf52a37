"""Where this machine gets Python packages from, told to uv in its own words.

uv reads neither pip's variables nor pip's files, so on a machine that is set up for a mirror or a private
certificate it would go its own way. Standard library only: the set-up runs this before anything is installed.
"""

import configparser
from collections.abc import Mapping
from pathlib import Path

# pip's option to uv's variable.
_NAMES = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "cert": "SSL_CERT_FILE",
    "default-timeout": "UV_HTTP_TIMEOUT",
    "timeout": "UV_HTTP_TIMEOUT",
}
_FILES = ("/etc/pip.conf", "~/.pip/pip.conf", "~/.config/pip/pip.conf")


def uv_settings(environment: Mapping[str, str]) -> dict[str, str]:
    """uv's variables for pip's settings, from pip's files and PIP_*; those that are set for uv already win."""
    options = {**_from_files(environment.get("PIP_CONFIG_FILE")), **_from_variables(environment)}
    if links := options.get("find-links"):
        options["find-links"] = ",".join(link for link in links.split() if _can_be_read(link))
    settings = {_NAMES[option]: " ".join(value.split()) for option, value in options.items() if value}
    return {name: value for name, value in settings.items() if name not in environment}


def _from_files(chosen: str | None) -> dict[str, str]:
    parser = configparser.RawConfigParser()
    parser.read([Path(name).expanduser() for name in (*_FILES, *([chosen] if chosen else []))])
    sections = [section for section in ("global", "install") if parser.has_section(section)]
    return {name: value for section in sections for name, value in parser.items(section) if name in _NAMES}


def _from_variables(environment: Mapping[str, str]) -> dict[str, str]:
    named = {option: f"PIP_{option.upper().replace('-', '_')}" for option in _NAMES}
    return {option: environment[variable] for option, variable in named.items() if variable in environment}


def _can_be_read(link: str) -> bool:
    return "://" in link or Path(link).expanduser().exists()
