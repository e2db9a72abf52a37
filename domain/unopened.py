"""What stands for a payload that no key of ours opens.

It must not stop an incident: Temporal's SDK would try the task again for ever, so a stranger's signal would hold every
timer up. Readers of what comes from outside refuse it in words; no model of ours has such a field, so what is our own
still fails where it is read, and succeeds once the key is there.
"""

from typing import Any, cast

from domain.invisible import one_line

MARK = "nightshift_unopened"
_LONGEST = 200


def marked(why: str) -> dict[str, str]:
    """The content that takes the place of what could not be opened."""
    return {MARK: why}


def why_unopened(content: Any) -> str | None:  # noqa: ANN401 - it is untrusted
    """The sentence for whoever sent it; None: this is no mark. Anybody may send a mark, so its text is no more than
    one line.
    """
    if not isinstance(content, dict):
        return None
    fields = cast("dict[Any, Any]", content)
    said = fields.get(MARK)
    if len(fields) != 1 or not isinstance(said, str):
        return None
    line = one_line(said[:_LONGEST])
    return f"the data could not be opened: {line}"
