"""Text as a string of Go's syntax, which LogQL and TraceQL use, and as a pattern of Go's (RE2) inside of one.

Names of services come with alerts: nothing in one may end the string, or mean anything in the pattern.
"""

import re

_SPECIAL = re.compile(r"[\\.+*?()|\[\]{}^$]")
_FIRST_BEYOND_BMP = 0x10000
_SURROGATES = range(0xD800, 0xE000)


def quoted(text: str) -> str:
    """A string literal in ASCII; half a surrogate pair, which Go does not know, becomes U+FFFD."""
    return f'"{"".join(map(_character, text))}"'


def literal(text: str) -> str:
    """A pattern that matches this text and no other, as Go's own QuoteMeta writes it."""
    return _SPECIAL.sub(lambda match: f"\\{match[0]}", text)


def _character(char: str) -> str:
    code = ord(char)
    if char in {'"', "\\"}:
        return f"\\{char}"
    if char.isascii() and char.isprintable():
        return char
    if code in _SURROGATES:
        return "\\ufffd"
    return f"\\U{code:08x}" if code >= _FIRST_BEYOND_BMP else f"\\u{code:04x}"
