"""Tokens by which people log in: made here, kept as a salted hash that is slow to guess, never as they are."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass

from pydantic import SecretStr

_MARK = "nst"
_COST, _BLOCK, _LANES = 2**14, 8, 1
_ROOM = 2**26
_LONGEST = 200
# Compared with where nobody has the token's selector, so that the time of an answer does not say who exists.
_NOBODY = f"scrypt:00000000:{_COST}:{_BLOCK}:{_LANES}:{'0' * 32}:{'0' * 64}"


@dataclass(frozen=True)
class Fresh:
    """A new token, shown once, and the hash that is kept."""

    token: SecretStr
    hashed: str


def make() -> Fresh:
    """A token of 256 random bits. Its selector says whose it is, without being of use to anybody."""
    selector = secrets.token_hex(4)
    token = f"{_MARK}_{selector}_{secrets.token_urlsafe(32)}"
    salt = secrets.token_bytes(16)
    digest = _digest(token, salt, _COST, _BLOCK, _LANES)
    return Fresh(SecretStr(token), f"scrypt:{selector}:{_COST}:{_BLOCK}:{_LANES}:{salt.hex()}:{digest.hex()}")


def selector_of(token: str) -> str:
    """By which hash a token has to be looked up; empty for what is none."""
    parts = token.split("_", 2)
    return parts[1] if len(parts) == 3 and parts[0] == _MARK and len(token) <= _LONGEST else ""  # noqa: PLR2004 - mark, selector, secret


def selector_in(hashed: str) -> str:
    """The selector of a hash's token."""
    return hashed.split(":")[1]


def fits(token: str, hashed: str | None) -> bool:
    """Is it this token? Takes as long when there is no hash to compare with."""
    _, _, cost, block, lanes, salt, expected = (hashed or _NOBODY).split(":")
    digest = _digest(token[: _LONGEST + 1], bytes.fromhex(salt), int(cost), int(block), int(lanes))
    return hmac.compare_digest(digest, bytes.fromhex(expected)) and hashed is not None


def _digest(token: str, salt: bytes, cost: int, block: int, lanes: int) -> bytes:
    text = token.encode(errors="replace")
    return hashlib.scrypt(text, salt=salt, n=cost, r=block, p=lanes, maxmem=_ROOM, dklen=32)
