"""Text from outside made fit to show: what identifies a person or opens a door is masked, and the rest is cut.

The same masks turn log lines into templates: two lines that differ in ids and numbers only are one template.
"""

import re

LONGEST = 200
"""Characters of outside text that any title may hold."""

# In this order: a token may hold numbers, an address may hold both. Repetitions that can begin anywhere are bounded, so
# that no line takes long.
_MASKS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("<url>", re.compile(r"\b[a-z][a-z0-9+.-]{0,20}://\S+", re.I)),
    ("<email>", re.compile(r"\b[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+")),
    ("<token>", re.compile(r"\b(?:bearer|basic)\s+[\w.~+/=-]{6,}", re.I)),
    (
        "<token>",
        re.compile(r"\b[\w-]{0,20}(?:passw(?:or)?d|secret|token|api[_-]?key|pwd)\b[\"']?\s*[=:]\s*[\"']?\S+", re.I),
    ),
    ("<token>", re.compile(r"\beyJ[\w-]+\.[\w-]+(?:\.[\w-]+)?")),
    ("<id>", re.compile(r"\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b", re.I)),
    ("<ip>", re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}(?::\d{1,5})?\b")),
    ("<ip>", re.compile(r"(?<![\w:])(?:[0-9a-f]{1,4}:){3,7}[0-9a-f]{0,4}(?![\w:])", re.I)),
    ("<text>", re.compile(r"\"[^\"]*\"|(?<!\w)'[^']*'(?!\w)|`[^`]*`")),
    ("<path>", re.compile(r"(?<![\w<])/[\w.@+-]*(?:/[\w.@+-]+){2,}")),
    ("<hex>", re.compile(r"\b0x[0-9a-f]+\b|\b(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{8,}\b", re.I)),
    ("<token>", re.compile(r"\b(?=\w*\d)(?=\w*[A-Za-z])[\w+-]{24,}={0,2}")),
    ("<n>", re.compile(r"(?<![\w<])[-+]?\d+(?:[.,]\d+)*(?=[a-z%]{0,3}\b|\b|\W|$)", re.I)),
)
# Masking works on this many characters at the most: a line of a megabyte tells no more than its beginning.
_READ = 1000


def template(text: str) -> str:
    """The text with ids, numbers, addresses, quoted strings and secrets masked, in one line, at most 200 characters."""
    shown = one_line(text[:_READ])
    for mask, pattern in _MASKS:
        shown = pattern.sub(mask, shown)
    return cut(shown)


# Mask and place in the list above: what is nobody's business, in sentences that have to keep their numbers and names.
_PRIVATE = tuple((mask, pattern) for mask, pattern in _MASKS[1:5])


def private(text: str) -> str:
    """The text without mail addresses, passwords and tokens; all else stays as it is."""
    for mask, pattern in _PRIVATE:
        text = pattern.sub(mask, text)
    return text


# All but what a sentence is about: quoted text, short paths and plain numbers.
_OUTGOING = tuple((mask, pattern) for mask, pattern in _MASKS if mask not in {"<text>", "<path>", "<n>"})


def outgoing(text: str, longest: int = LONGEST) -> str:
    """The text as it may leave for another company: one line without addresses of people, machines and pages, without
    ids, passwords and tokens; cut.
    """
    shown = one_line(text[:_READ])
    for mask, pattern in _OUTGOING:
        shown = pattern.sub(mask, shown)
    return cut(shown, longest)


def one_line(text: str) -> str:
    """Without control characters, marks that turn the writing direction and the like; white space is one space."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def cut(text: str, longest: int = LONGEST) -> str:
    """At most `longest` characters; what was cut shows as an ellipsis."""
    return text if len(text) <= longest else f"{text[: longest - 1]}\N{HORIZONTAL ELLIPSIS}"


def name(text: str) -> str:
    """A name that another system gave (an application, a role, a relation), fit for a sentence."""
    return cut(one_line(text), 60) or "(no name)"
