"""Who calls whom, as the list of services says it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from domain.services import Deployment, Expression, Service, ServiceMap
from tests.unit.domain.examples import shop


def test_callees_are_all_that_a_service_depends_on_nearest_first() -> None:
    assert shop().callees("gateway") == ("orders", "payments", "inventory")


def test_a_circle_of_calls_ends_and_names_each_once_without_the_service_itself() -> None:
    circle = shop(
        Service(name="a", depends_on=("b",)), Service(name="b", depends_on=("c",)), Service(name="c", depends_on=("a",))
    )
    assert circle.callees("a") == ("b", "c")


def test_neighbours_are_one_call_away_in_either_direction() -> None:
    assert shop().neighbours("orders") == ("inventory", "gateway")
    assert "payments" not in shop().neighbours("orders")


def test_a_service_that_nobody_listed_has_no_neighbours_and_the_default_expressions() -> None:
    assert shop().neighbours("legacy") == ()
    assert shop().callees("legacy") == ()
    assert shop().expressions_of("legacy") == shop().expressions


def test_expressions_of_its_own_replace_the_defaults() -> None:
    own = Expression(name="lag", kind="latency", query="lag", unit="s", floor=1)
    assert shop(Service(name="queue", expressions=(own,))).expressions_of("queue") == (own,)


def test_a_database_is_found_by_its_target_and_by_nothing_else() -> None:
    found = shop().database("database/orders")
    assert found is not None
    assert found.application == "orders"
    assert shop().database("orders") is None


def test_a_dependency_that_is_not_listed_is_named() -> None:
    with pytest.raises(ValidationError, match="'a' depends on 'b', which is not listed"):
        shop(Service(name="a", depends_on=("b",)))


def test_a_service_that_is_listed_twice_is_named() -> None:
    with pytest.raises(ValidationError, match="'a' is listed twice"):
        shop(Service(name="b"), Service(name="a"), Service(name="a", hub=True))


@st.composite
def _graphs(draw: st.DrawFn) -> ServiceMap:
    names = [f"s{n}" for n in range(draw(st.integers(1, 6)))]
    subsets = st.lists(st.sampled_from(names), unique=True)
    return shop(*(Service(name=name, depends_on=tuple(draw(subsets))) for name in names))


@given(_graphs())
def test_neighbours_are_mutual(graph: ServiceMap) -> None:
    names = [s.name for s in graph.services]
    assert all((a in graph.neighbours(b)) == (b in graph.neighbours(a)) for a in names for b in names)


@given(_graphs())
def test_whatever_a_callee_calls_is_a_callee_too(graph: ServiceMap) -> None:
    for service in graph.services:
        reached = set(graph.callees(service.name))
        assert service.name not in reached
        for name in reached:
            assert set(graph.get(name).depends_on) - {service.name} <= reached


def test_a_deployment_runs_one_service() -> None:
    """What is changed in it would change the other one too, of which a plan says nothing."""
    one = Deployment(namespace="shop", name="orders")
    with pytest.raises(ValidationError, match="'deployment/shop/orders' is listed twice"):
        shop(Service(name="a", deployment=one), Service(name="b", deployment=one))
    assert shop(Service(name="a", deployment=one)).deployment("deployment/shop/orders") == one


@pytest.mark.parametrize(("namespace", "name"), [("shop", "*"), ("shop", "a/b"), ("a.b", "orders"), ("", "orders")])
def test_a_deployment_has_names_that_kubernetes_takes(namespace: str, name: str) -> None:
    with pytest.raises(ValidationError):
        Deployment(namespace=namespace, name=name)
