"""Slack's mrkdwn: how a text from outside stays a text, and how one that is too long is cut so that it stays whole."""

import re

from domain.invisible import one_line

CUT = " … (cut: the whole is on the incident's page)"
# Slack reads these as formatting where a word begins or ends; what looks the same to people it does not read.
_LOOKALIKES = str.maketrans({"*": "∗", "_": "ˍ", "~": "∼", "`": "ˋ"})  # noqa: RUF001 - that is their purpose
_FORMATTING = re.compile(r"`+|(?<![^\W_])[*_~]+|[*_~]+(?![^\W_])")
_ENTITY = re.compile(r"&[a-z]{0,3}$")


def escaped(text: object) -> str:
    """One line that Slack shows as it is: no mention (`<!channel>`), link or formatting of somebody else's making."""
    seen = one_line(str(text))
    plain = _FORMATTING.sub(lambda found: found[0].translate(_LOOKALIKES), seen)
    return plain.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def cut(text: str, longest: int, mark: str = CUT) -> str:
    """At most so many characters, with words for what is missing. An entity or a link is cut as a whole."""
    if len(text) <= longest:
        return text
    kept = _ENTITY.sub("", text[: max(0, longest - len(mark))])
    opened = kept.rfind("<")
    if opened > kept.rfind(">"):
        kept = kept[:opened]
    return (kept.rstrip() + mark)[:longest]
