"""When all sources are asked once more although nothing new fires: pure."""

from datetime import datetime, timedelta

from domain.diagnosis import Diagnosis
from domain.finding import Source

FILLED = timedelta(seconds=90)
"""After the onset. Rates are taken over a minute: until it has passed they are mixed with the calm before it. A scrape,
and an export of spans and lines, are up to half a minute behind.
"""


def second_look_at(diagnosis: Diagnosis | None, onset: datetime, asked_at: datetime | None) -> datetime | None:
    """None: a cause was named and attested (a release or a setting by the changes: lines and spans that come later say
    nothing of it), nothing was asked yet, or what was asked had had the time to show.

    An incident is opened seconds after the onset, and asks at once: most causes show by then. Where none did, or only
    one source had anything to say, that is often all that was wrong with the question.
    """
    if diagnosis is None or asked_at is None:
        return None
    if diagnosis.named is not None and (diagnosis.unattested is None or diagnosis.attested_by == (Source.CHANGES,)):
        return None
    filled = onset + FILLED
    return filled if asked_at < filled else None
