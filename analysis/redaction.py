"""Text from outside made fit to show: what identifies a person or opens a door is masked, and the rest is cut.

The same masks turn log lines into templates: two lines that differ in ids and numbers only are one template.
"""

import re

LONGEST = 200
"""Characters of outside text that any title may hold."""

Masks = tuple[tuple[str, re.Pattern[str]], ...]
# What opens a door, wherever it stands in the name of a field: DB_PASSWORD_PROD, token_value, secretAccessKey. `pass`
# and `auth` only where the word ends there: a test that passed, a bypass and an author are none.
_OPENS = (
    r"(?:passw(?:or)?d|passphrase|pwd|secret|token|credential|(?:api|access|private|signing|encryption)[_-]?key"
    r"|(?<!by)(?<!com)pass(?![a-z])|auth(?![a-z]))"
)
# A colon after a name that goes on in the same word may be that of a sentence ("TokenService: connection refused").
_GIVEN = (
    r"(?:(?:s?\d{0,4}|[_.-][\w.-]{0,40})[\\\"']{0,4}\s*[=:]|[\w.-]{0,40}(?:[\\\"']{1,4}\s*[=:]|\s*=))"
    r"\s*(?:\\?\"[^\"]*\"|'[^']*'|\S+)"
)
# Forms that vendors give to theirs, and by which they search for them themselves. In capitals and small letters as is.
_ISSUED = (
    r"\b(?:(?:AKIA|ASIA)[A-Z0-9]{16}|gh[pousr]_\w{20,}|github_pat_\w{20,}|glpat-[\w-]{20,}|xox[a-z]-[\w-]{10,}"
    r"|[sr]k[-_](?:live|test|proj|ant)?[-_]?\w{16,}[\w-]*|SG\.[\w-]{16,}\.[\w-]{16,}|AIza[\w-]{30,})"
)

# In this order: a token may hold numbers, an address may hold both. Repetitions that can begin anywhere are bounded, so
# that no line takes long.
_PRIVATE: Masks = (
    ("<email>", re.compile(r"\b[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+")),
    ("<token>", re.compile(r"\bauthorization[\\\"']{0,4}\s*[=:]\s*[\\\"']{0,4}[\w-]+\s+\S+", re.I)),
    ("<token>", re.compile(r"\b(?:bearer|basic)\s+[\w.~+/=-]{6,}", re.I)),
    ("<token>", re.compile(_OPENS + _GIVEN, re.I)),
    ("<token>", re.compile(r"\beyJ[\w-]+\.[\w-]+(?:\.[\w-]+)?")),
    ("<token>", re.compile(_ISSUED)),
    ("<token>", re.compile(r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----.*")),
)
"""What is nobody's business, in sentences that have to keep their numbers and names."""
_MASKS: Masks = (
    ("<url>", re.compile(r"\b[a-z][a-z0-9+.-]{0,20}://\S+", re.I)),
    *_PRIVATE,
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


def private(text: str) -> str:
    """The text without mail addresses, passwords and tokens; all else stays as it is."""
    for mask, pattern in _PRIVATE:
        text = pattern.sub(mask, text)
    return text


# All but what a sentence is about: quoted text, short paths and plain numbers.
_OUTGOING: Masks = (
    *((mask, pattern) for mask, pattern in _MASKS if mask not in {"<text>", "<path>", "<n>"}),
    # Base64, such as the secret half of a cloud's key: capitals, small letters and digits. A path begins with a stroke.
    ("<token>", re.compile(r"(?<![\w+/])(?=[\w+/]*\d)(?=[\w+/]*[a-z])(?=[\w+/]*[A-Z])[\w+][\w+/]{31,}={0,2}")),
    # Cards, and phones: with a + and a country, or as they are written in North America.
    ("<number>", re.compile(r"(?<![\w.,:])(?:\d{13,19}|(?:\d{4}[ -]){3}\d{1,7}|\d{4}[ -]\d{6}[ -]\d{5})(?![\w-])")),
    ("<number>", re.compile(r"(?<!\w)\+\d(?:[ ()/-]{0,2}\d){7,14}(?![\d.,])")),
    ("<number>", re.compile(r"(?<![\w.,:-])(?:\(\d{3}\) ?|\d{3}[-.])\d{3}[-.]\d{4}(?![\w-])")),
)


def outgoing(text: str, longest: int = LONGEST) -> str:
    """The text as it may leave for another company: one line without addresses of people, machines and pages, without
    ids, passwords, tokens, numbers of cards and phones; cut.
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
