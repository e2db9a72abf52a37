"""Characters that nobody sees, and that can do much: move a terminal's cursor, turn the direction of writing around."""

import unicodedata

# Control characters (escape sequences begin with one), marks of direction and joining, and what is no character.
_CATEGORIES = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
_KEPT = "\n\t"


def without_invisible(text: str) -> str:
    """The text without them; line breaks and tabs stay."""
    return text if text.isprintable() else "".join(c for c in text if not _invisible(c))


def spelled_out(text: str) -> str:
    """The text with each of them written as its escape, such as \\x1b; line breaks and tabs stay."""
    return text if text.isprintable() else "".join(_escape(c) if _invisible(c) else c for c in text)


def _invisible(character: str) -> bool:
    return character not in _KEPT and unicodedata.category(character) in _CATEGORIES


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode()
