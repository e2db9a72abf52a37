"""How the evaluation of the shop counts: only service and kind together are right, and silence is not."""

from dataclasses import replace

import pytest

from domain.finding import Category
from evals.shop.kinds import KINDS
from evals.shop.report import as_json
from evals.shop.scoring import Named, Result, Verdict, high, middle, score, verdict
from evals.shop.script import write_script

ORDERS = frozenset({"orders"})
BOTH_ENDS = frozenset({"orders", "gateway"})


def said(service: str = "orders", category: Category = Category.CONFIG, **changes: object) -> Result:
    """A fault of the settings of orders, and what was named."""
    named = Named(service, category, 0.8)
    usual = Result("wrong-setting", ORDERS, Category.CONFIG, 20.0, investigated_s=4.0, first=named, named=named)
    return replace(usual, **changes)  # pyright: ignore[reportArgumentType] -- a table of fields


@pytest.mark.parametrize(
    ("result", "counts"),
    [
        (said(), Verdict.RIGHT),
        (said(service="gateway"), Verdict.WRONG),
        (said(category=Category.DISK), Verdict.WRONG),
        (said(service="gateway", services=BOTH_ENDS), Verdict.RIGHT),
        (said(named=None), Verdict.ABSTAINED),
        (said(seen_after_s=None, named=None, first=None), Verdict.MISSED),
    ],
)
def test_a_result_is_right_only_in_both(result: Result, counts: Verdict) -> None:
    assert verdict(result) is counts


def test_what_was_not_said_or_not_seen_is_not_right() -> None:
    """A right candidate that was not named does not count, in none of the columns."""
    results = [said(), said(category=Category.DISK), said(named=None), said(seen_after_s=None, named=None)]
    total = score(results)
    assert (total.faults, total.service, total.kind, total.both) == (4, 2, 1, 1)
    assert (total.abstained, total.missed, total.share) == (1, 1, 0.25)
    assert as_json(results, seed=1, seconds=0.0)["total"]["both"] == 1


@pytest.mark.parametrize(("right", "enough"), [(17, False), (18, True)])
def test_more_than_85_percent_are_asked_for(right: int, enough: bool) -> None:
    results = [said()] * right + [said(named=None)] * (20 - right)
    assert score(results).enough is enough


def test_percentiles_are_of_what_was_measured() -> None:
    results = [said(investigated_s=float(n)) for n in range(1, 21)] + [said(investigated_s=None)]
    assert (middle(results, lambda r: r.investigated_s), high(results, lambda r: r.investigated_s)) == (10.5, 19.0)
    assert middle([], lambda r: r.usd) is None


def test_a_seed_decides_order_and_moments() -> None:
    first, again, other = (write_script(list(KINDS), 3, seed) for seed in (1, 1, 2))
    assert first == again != other
    assert sorted(t.kind for t in first) == sorted([*KINDS] * 3)
