"""What a call costs, and whether it may still be paid for."""

from datetime import timedelta

from domain.advice.talk import Usage
from domain.advice.terms import Price, Terms
from domain.model import Model

HOUR = timedelta(hours=1)
MOST_OUTPUT_TOKENS = 1_500
"""Of one answer: an opinion with three causes has some 500."""
_BYTES_PER_TOKEN = 2
"""Plain English has about four; numbers, ids and other scripts fewer: an upper estimate is on this side."""
_MILLION = 1_000_000


class Spent(Model):
    """US dollars: what is known to be paid, and the most that calls under way, or lost, may have cost."""

    incident_usd: float = 0.0
    hour_usd: float = 0.0


def cost_usd(usage: Usage, price: Price) -> float:
    return (usage.input_tokens * price.input_usd + usage.output_tokens * price.output_usd) / _MILLION


def most_usage(size: int) -> Usage:
    """What a request of so many bytes may come to at the most."""
    return Usage(input_tokens=-(-size // _BYTES_PER_TOKEN), output_tokens=MOST_OUTPUT_TOKENS, counted=False)


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
