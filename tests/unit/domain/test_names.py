"""Names in one text: commas part them, and one in a name does not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.names import names_in, names_out

NAMES = st.lists(st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1), min_size=1, unique=True)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", ()),
        (" , ", ()),
        ("orders", ("orders",)),
        (" a,b, ,a", ("a", "b")),
        ('"billing, eu", orders', ("billing, eu", "orders")),
        ('orders,"say ""hi"""', ("orders", 'say "hi"')),
        ('5" disks', ('5" disks',)),
    ],
)
def test_commas_part_names_and_quotes_keep_one_together(text: str, names: tuple[str, ...]) -> None:
    assert names_in(text) == names


@given(NAMES)
def test_whatever_they_are_called_they_are_read_as_they_were_written(names: list[str]) -> None:
    assert names_in(names_out(names)) == tuple(names)


@pytest.mark.parametrize("text", ['"billing, eu', '"a"b', 'a,"'])
def test_quotes_that_are_not_in_pairs_are_refused_with_the_text(text: str) -> None:
    with pytest.raises(ValueError, match="a name in double quotes ends with them") as refused:
        names_in(text)
    assert repr(text) in str(refused.value)
