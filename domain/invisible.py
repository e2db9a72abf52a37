"""Characters that nobody sees, and that can do much: move a terminal's cursor, turn the direction of writing around,
carry a text that only machines read.
"""

import re
import unicodedata

# Control characters (escape sequences begin with one), marks of direction and joining, and what is no character.
_CATEGORIES = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
# Letters, marks and signs without a shape, which Python holds for printable: Unicode's Default_Ignorable_Code_Point
# beyond those categories (a joiner, fillers of Hangul, vowels of Khmer, selectors of variants, of which there are 256,
# so that each can stand for a byte), and the Braille pattern without a dot.
_SHAPELESS = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
_KEPT = "\n\t"


def without_invisible(text: str) -> str:
    """The text without them; line breaks and tabs stay."""
    return text if _all_seen(text) else "".join(c for c in text if not _invisible(c))


def spelled_out(text: str) -> str:
    """The text with each of them written as its escape, such as \\x1b; line breaks and tabs stay."""
    return text if _all_seen(text) else "".join(_escape(c) if _invisible(c) else c for c in text)


def one_line(text: str) -> str:
    """In one line: each run of white space and of what cannot be printed is a space, what has no shape goes."""
    shown = _SHAPELESS.sub("", text)
    return " ".join("".join(c if c.isprintable() else " " for c in shown).split())


def _all_seen(text: str) -> bool:
    return text.isprintable() and _SHAPELESS.search(text) is None


def _invisible(character: str) -> bool:
    if character in _KEPT:
        return False
    return unicodedata.category(character) in _CATEGORIES or _SHAPELESS.match(character) is not None


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode()
