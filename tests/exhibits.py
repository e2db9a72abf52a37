"""What findings show beside their sentences, as the analysis makes it, for pages and terminals."""

import math
from datetime import datetime, timedelta

from analysis.curves import counts, curve
from analysis.waterfall import usual_durations, waterfall
from domain.exhibits import Call, CallGraph, Curve, Waterfall
from domain.finding import Window
from tests.unit.troubled_shop import request

GRAPH = CallGraph(
    calls=(
        Call(caller="gateway", callee="orders", calls=120, failed=74),
        Call(caller="web", callee="gateway", calls=180, failed=74),
        Call(caller="gateway", callee="catalogue", calls=60),
        Call(caller="orders", callee="payments", calls=41),
        Call(caller="orders", callee="ledger"),
        Call(caller="batch", callee="catalogue"),
    ),
    left_out=3,
)


def errors(onset: datetime, now: datetime) -> Curve:
    """An error ratio that leaves its calm at the onset; one minute of it was never measured."""
    start = onset - timedelta(minutes=20)
    points = {
        (at := start + timedelta(seconds=15 * n)).timestamp(): 0.31 if at >= onset else 0.001 + 0.0005 * math.sin(n)
        for n in range(int((now - start).total_seconds() // 15))
        if n not in range(20, 24)
    }
    found = curve(points, Window(start=start, end=now), 0.001, 0.05)
    assert found is not None
    return found


def lines(onset: datetime, now: datetime) -> Curve:
    """Error lines: none, then many."""
    times = [(onset + timedelta(seconds=2.3 * n)).timestamp() for n in range(150)]
    found = counts(times, Window(start=onset - timedelta(minutes=10), end=now), 0.0)
    assert found is not None
    return found


def failed_request(onset: datetime) -> Waterfall:
    """gateway > orders > its statement, which finds no connection; calm requests say what is usual."""
    usual = usual_durations(request(f"calm{n}", onset) for n in range(5))
    return waterfall(request("4bf92f3577b34da6a3ce929d0e0e4736", onset, "lock"), usual)
