"""An incident that will not close for minutes is no line each time that it is asked to."""

from evals.shop.insisting import Insisting


def test_what_fails_again_and_again_is_said_at_growing_intervals_each_by_itself() -> None:
    insisting = Insisting()
    said = [insisting.again("orders") for _ in range(180)]
    assert [n for n, words in enumerate(said, 1) if words is not None] == [1, 2, 4, 8, 16, 32, 64, 128]
    assert said[0] == "and is asked again"
    assert said[127] == "though it was asked 128 times, and is asked again"
    assert insisting.again("edge") == said[0]
