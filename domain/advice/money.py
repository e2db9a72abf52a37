"""What a call costs, and whether it may still be paid for."""

import re
from datetime import timedelta

from domain.advice.talk import Usage
from domain.advice.terms import Price, Terms
from domain.model import Model

HOUR = timedelta(hours=1)
MOST_OUTPUT_TOKENS = 1_500
"""Of one answer: an opinion with three causes has some 500."""
_PLAIN = re.compile(r"[A-Za-z ]+")
_MILLION = 1_000_000


class Spent(Model):
    """US dollars: what is known to be paid, and the most that calls under way, or lost, may have cost."""

    incident_usd: float = 0.0
    hour_usd: float = 0.0


def cost_usd(usage: Usage, price: Price) -> float:
    return (usage.input_tokens * price.input_usd + usage.output_tokens * price.output_usd) / _MILLION


def most_usage(request: str) -> Usage:
    """What a request may come to at the most: half a token for each letter and space of ASCII, one for each other byte.

    Tokenisers of byte pairs make at most one token of each byte, which is what is left of scripts, signs and digits
    that they have seen little of (some take each digit alone). English has about four letters to a token, and words
    that are none about two. What cannot be encoded is sent as a question mark, one byte.
    """
    plain = sum(len(run) for run in _PLAIN.findall(request))
    other = len(request.encode("utf-8", "replace")) - plain
    return Usage(input_tokens=-(-plain // 2) + other, output_tokens=MOST_OUTPUT_TOKENS, counted=False)


def objection(most_usd: float, spent: Spent, terms: Terms) -> str | None:
    """Why a call that may cost `most_usd` is not made, None: it may be. Asked before it is paid for, so that what is
    too much is never spent.
    """
    limits = (
        (spent.incident_usd, terms.usd_per_incident, "this incident"),
        (spent.hour_usd, terms.usd_per_hour, "all incidents of an hour"),
    )
    for so_far, limit, what in limits:
        # Written so that an amount that is not a number counts as too much.
        if not so_far + most_usd <= limit:
            return f"over budget: ${so_far:.4f} of ${limit:.2f} for {what} are spent, the call may cost ${most_usd:.4f}"
    return None
