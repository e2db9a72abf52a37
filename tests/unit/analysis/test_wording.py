"""What the words of an error speak for."""

import pytest

from analysis.wording import LogCategory, category_of, causes_of
from domain.finding import Category


@pytest.mark.parametrize(
    ("text", "category"),
    [
        ('FATAL:  too many connections for database "orders"', LogCategory.CONNECTION),
        ("couldn't get a connection after 1.50 sec", LogCategory.CONNECTION),
        ("canceling statement due to statement timeout", LogCategory.TIMEOUT),
        ("orders did not answer GET /orders within 4 s", LogCategory.TIMEOUT),
        ("java.lang.OutOfMemoryError: Java heap space", LogCategory.MEMORY),
        ("write failed: No space left on device", LogCategory.DISK),
        ("password authentication failed for user", LogCategory.AUTH),
        ("something unheard of", LogCategory.OTHER),
    ],
)
def test_people_find_a_message_under_its_category(text: str, category: LogCategory) -> None:
    assert category_of(text) is category


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ('FATAL:  too many connections for database "orders"', Category.CONNECTION_POOL),
        ("FATAL: sorry, too many clients already", Category.CONNECTION_POOL),
        ("QueuePool limit of size 5 overflow 10 reached, connection timed out", Category.CONNECTION_POOL),
        ("couldn't get a connection after 1.50 sec", Category.CONNECTION_POOL),
        ("HikariPool-1 - Connection is not available, request timed out after 30000ms", Category.CONNECTION_POOL),
        ("canceling statement due to statement timeout", Category.DEPENDENCY),
        ("Lock wait timeout exceeded; try restarting transaction", Category.DEPENDENCY),
        ("deadlock detected", Category.DEPENDENCY),
        ("orders answered 503 to GET /orders", Category.DEPENDENCY),
        ("Out of memory: Killed process 12 (java)", Category.MEMORY_LEAK),
        ("OSError: [Errno 28] No space left on device", Category.DISK),
        ("getaddrinfo ENOTFOUND db", Category.NETWORK),
        ("permission denied for table orders", Category.CONFIG),
        ("ModuleNotFoundError: No module named 'shop'", Category.BAD_DEPLOYMENT),
        ("a sentence that nobody knows", Category.UNKNOWN),
    ],
)
def test_words_speak_most_for_their_cause(text: str, cause: Category) -> None:
    weights = causes_of(text)
    assert max(weights, key=lambda c: weights[c]) is cause


def test_a_timeout_that_waits_for_the_pool_is_the_pool_and_not_the_timeout() -> None:
    assert Category.DEPENDENCY not in causes_of("connection pool timed out after 30 s")


def test_no_words_give_no_weight_above_one() -> None:
    for text in ("too many connections", "deadlock", "answered 503", "x"):
        assert all(0 < weight <= 1 for weight in causes_of(text).values())
