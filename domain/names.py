"""Names in one text, with commas between them: as in CSV, one that has a comma itself stands in double quotes."""

import csv
import io
from collections.abc import Iterable


def names_in(text: str) -> tuple[str, ...]:
    """Each once, in their order, without the space around them. Raises ValueError for quotes that are not in pairs."""
    try:
        parts = [part for row in csv.reader([text], skipinitialspace=True, strict=True) for part in row]
    except csv.Error:
        raise ValueError(
            f"{text!r}: a name in double quotes ends with them, and a comma or nothing comes after it"
        ) from None
    return tuple(dict.fromkeys(name for part in parts if (name := part.strip())))


def names_out(names: Iterable[str]) -> str:
    """The text that `names_in` reads as these."""
    written = io.StringIO()
    csv.writer(written, lineterminator="").writerow(names)
    return written.getvalue()
