"""The allow-list: a target by its name, or all deployments of one namespace; nothing else is a wildcard."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from domain.allowed import allows
from domain.policy import Policy


@pytest.mark.parametrize(
    ("entry", "target", "allowed"),
    [
        ("deployment/shop/orders", "deployment/shop/orders", True),
        ("deployment/shop/orders", "deployment/shop/gateway", False),
        ("deployment/shop/*", "deployment/shop/orders", True),
        ("deployment/shop/*", "deployment/shop/a.b", True),
        ("deployment/shop/*", "deployment/shopping/orders", False),
        ("deployment/shop/*", "deployment/sho/orders", False),
        ("deployment/shop/*", "database/shop/orders", False),
        ("deployment/shop/*", "deployment/shop/", False),
        ("deployment/shop/*", "deployment/shop/*", False),
        ("deployment/shop/*", "deployment/shop/a/b", False),
        ("deployment/shop/*", "deployment/shop", False),
        ("database/*", "database/orders", False),
        ("deployment/*", "deployment/shop/orders", False),
        ("deployment/*/orders", "deployment/shop/orders", False),
        ("deployment/*/*", "deployment/shop/orders", False),
        ("deployment//*", "deployment//orders", False),
        ("*", "database/orders", False),
        ("", "database/orders", False),
    ],
)
def test_what_is_allowed(entry: str, target: str, allowed: bool) -> None:
    assert allows([entry], target) is allowed


@pytest.mark.parametrize("entry", ["*", "database/*", "deployment/*", "deployment/*/orders", "deployment/shop/or*"])
def test_a_policy_with_any_other_star_is_refused_at_the_start(entry: str) -> None:
    with pytest.raises(ValidationError, match="only a whole namespace may be named"):
        Policy(allow=(entry,))


def test_a_policy_may_name_a_whole_namespace() -> None:
    assert Policy(allow=("deployment/shop/*",)).allow == ("deployment/shop/*",)


_TEXT = st.text(alphabet="abdelmnoptysh/*-", max_size=24)


@given(st.lists(_TEXT, max_size=4), _TEXT)
def test_without_the_whole_namespace_only_equal_names_are_allowed(entries: list[str], target: str) -> None:
    if allows(entries, target):
        assert "*" not in target
        namespace, _, _ = target.rpartition("/")
        assert target in entries or (namespace.startswith("deployment/") and f"{namespace}/*" in entries)
