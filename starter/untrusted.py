"""Text from outside, made safe to keep: without control characters, and no longer than people read."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from domain.invisible import without_invisible


def clean(text: str, longest: int) -> str:
    """One line of text: runs of white space become one space, characters that cannot be seen go, the rest is cut."""
    # Four times the room: what is removed must not cost what comes after it, and a huge text must not cost time.
    spaced = " ".join(text[: 4 * longest].split())
    seen = " ".join(without_invisible(spaced).split())
    return seen if len(seen) <= longest else f"{seen[: longest - 1]}…"


# A hundred alerts with labels of this size stay well below Temporal's 2 MB for one payload.
_MOST_LABEL_BYTES = 4_000


def safe_labels(labels: Mapping[str, str], most: int, longest_name: int, longest_value: int) -> dict[str, str]:
    """At most `most` labels, by name, and 4 kB of them in all.

    One that is too long or holds invisible characters is left out, never cut: an alert is looked up
    again by its labels, and a label with another value would find nothing.
    """
    fitting = {
        name: value
        for name, value in sorted(labels.items())
        if clean(name, longest_name) == name and clean(value, longest_value) == value
    }
    room, kept = _MOST_LABEL_BYTES, dict[str, str]()
    for name, value in list(fitting.items())[:most]:
        room -= len(f"{name}{value}".encode())
        if room >= 0:
            kept[name] = value
    return kept


def web_link(text: str, longest: int) -> str | None:
    """The text if it is an http(s) address of so many bytes; anything else, such as `javascript:`, is no link."""
    address = text.strip()
    if (
        len(address) > longest
        or len(address.encode(errors="replace")) > longest
        or " " in address
        or clean(address, longest) != address
    ):
        return None
    try:
        parts = urlsplit(address)
    except ValueError:
        return None
    return address if parts.scheme in {"http", "https"} and parts.hostname else None
