"""The forest in an investigation: shown as evidence, said where it is missing, and without any weight."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial

import numpy as np
import pytest

from activities.forest_findings import Forests
from activities.metric_queries import ask
from analysis.forest.sealing import sealed, versions
from domain.detection import series_key
from domain.finding import Finding, Presence, Source
from domain.forest import Feature, Forest, group_of
from integrations.ports import Unavailable
from tests.unit.troubled_shop import EXPRESSIONS, NOW, Found, Story, TroubledShop, diagnosis_of, question_about

SERVICE = "orders"


def features_of(service: str) -> tuple[Feature, ...]:
    return tuple(
        Feature(
            key=series_key(service, one, {"service": service}), service=service, expression=one.name, query=one.query,
            unit=one.unit,
        )
        for one in EXPRESSIONS[:3]
    )  # fmt: skip


def trained() -> Forest:
    """Errors, latency and requests of orders as they were while it was well."""
    features = features_of(SERVICE)
    empty = Forest(
        service=SERVICE, versions=versions(), queries=(), trained_at=NOW - timedelta(hours=3),
        again_at=NOW + timedelta(hours=21),
    )  # fmt: skip
    rows = np.abs(np.random.default_rng(1).normal([0, 0.0176, 6.83], [0.001, 0.0004, 0.15], size=(600, 3)))
    return sealed(empty, features, np.arange(600) * 600, rows)


def trained_together() -> Forest:
    """Gateway, orders and catalogue while all of them were well."""
    features = tuple(feature for service in ("gateway", SERVICE, "catalogue") for feature in features_of(service))
    usual = [0, 0.024, 6.83, 0, 0.0176, 6.83, 0, 0.006, 6.83]
    rows = np.abs(np.random.default_rng(1).normal(usual, [0.001, 0.0004, 0.15] * 3, size=(600, 9)))
    empty = trained().model_copy(update={"service": group_of("gateway")})
    return sealed(empty, features, np.arange(600) * 600, rows)


def shop(forest: Forest | None, story: Story = "lock") -> TroubledShop:
    found = TroubledShop(story)
    if forest is not None:
        found.forests.save(forest)
    return found


def of_forest(findings: Found) -> list[Finding]:
    return [f for f in findings if f.kind in {"unusual_together", "forest_missing"}]


def assert_it_weighs_nothing(findings: Found) -> None:
    said = of_forest(findings)
    assert said
    assert diagnosis_of(findings) == diagnosis_of(tuple(f for f in findings if f not in said))


def test_what_is_unusual_together_is_evidence_that_can_be_repeated_and_weighs_nothing() -> None:
    findings = shop(trained()).investigate()
    (found,) = of_forest(findings)
    assert (found.source, found.presence, found.service) == (Source.METRICS, Presence.FOUND, SERVICE)
    assert found.title.startswith("orders: error ratio and latency p95 are unusual together (forest -0.")
    assert found.value is not None
    assert found.value < 0
    assert found.facts["is_anomaly"] is True
    rises = [float(found.facts[f"rise:{one.name}"]) for one in EXPRESSIONS[:3]]
    assert min(rises[:2]) > 0.05 > rises[2]
    assert found.query == EXPRESSIONS[0].query
    assert found.link
    assert found.window.end == NOW
    assert_it_weighs_nothing(findings)


def test_what_is_usual_is_said_too() -> None:
    findings = shop(trained(), "healthy").investigate()
    (found,) = of_forest(findings)
    assert found.presence is Presence.ABSENT
    assert found.title.startswith("orders: its 3 series are not unusual together (forest +0.")
    assert_it_weighs_nothing(findings)


def test_what_is_unusual_in_several_services_together_is_one_more_sentence_and_weighs_nothing() -> None:
    findings = shop(trained_together()).investigate()
    (found,) = (f for f in findings if f.kind == "group_unusual")
    assert found.title.startswith("gateway and orders are unusual together (forest -0.")
    assert (found.presence, found.service, found.strength) == (Presence.FOUND, "gateway", 0)
    assert found.facts["rise:gateway error ratio"] != found.facts["rise:orders error ratio"]
    assert diagnosis_of(findings) == diagnosis_of(tuple(f for f in findings if f != found))


@pytest.mark.parametrize("cause", ["healthy", "a series is gone", "only one of them"])
def test_a_group_says_nothing_that_its_services_say_themselves(cause: str) -> None:
    one = shop(trained_together(), "healthy" if cause == "healthy" else "lock")
    if cause == "a series is gone":
        silent(one)
    if cause == "only one of them":
        for query in ('e{s="gateway"}[1m]', 'l{s="gateway"}[1m]'):
            one.metrics.ranges[query] = TroubledShop("healthy").metrics.ranges[query]
    assert not [f for f in one.investigate() if f.kind == "group_unusual"]


def test_where_nothing_was_ever_trained_nothing_is_said() -> None:
    assert not of_forest(shop(None).investigate())


def changed(**values: object) -> Callable[[TroubledShop], None]:
    def change(found: TroubledShop) -> None:
        found.forests.all[SERVICE] = found.forests.all[SERVICE].model_copy(update=values)

    return change


def away(found: TroubledShop) -> None:
    found.forests.error = Unavailable("store: it is down")


def silent(found: TroubledShop) -> None:
    del found.metrics.ranges['r{s="orders"}']


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (changed(matrix=b"", reason="3 of 256 rows", ready_at=NOW), "not ready: 3 of 256 rows, ready at 2026-01-31 12"),
        (changed(trained_at=NOW - timedelta(hours=49)), "it is of 2026-01-29 11:00 UTC, which is too old"),
        (changed(matrix=b"\x00" * 12 * 600), "its checksum is not that of its rows; the next training makes it anew"),
        (changed(versions="rows-0"), "it was made by rows-0, this is rows-2"),
        (away, "store: it is down"),
        (silent, "no value of request rate"),
    ],
)
def test_a_forest_that_cannot_be_asked_says_why_and_costs_nothing(
    change: Callable[[TroubledShop], None], reason: str
) -> None:
    one = shop(trained())
    change(one)
    findings = one.investigate()
    said = of_forest(findings)
    assert {f.presence for f in said} == {Presence.MISSING}
    (found,) = said
    assert found.title.startswith(f"{found.service}: whether its metrics are unusual together, nobody can tell: ")
    assert reason in found.title
    assert_it_weighs_nothing(findings)


def test_nobody_waits_long_for_it() -> None:
    one, busy = shop(trained()), threading.Event()
    with ThreadPoolExecutor(1) as trees:
        trees.submit(partial(busy.wait, 60))
        forests, question = Forests(one.forests, lambda: trees, patience_s=0), question_about(SERVICE)
        (found,) = forests.findings_of(ask(one.metrics, question), one.metrics, question)
        busy.set()
    assert found.presence is Presence.MISSING
    assert "it was not grown within 0 s" in found.title
