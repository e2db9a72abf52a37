"""What PostgreSQL says decides whether a record is tried again or given up."""

import psycopg
import pytest
from psycopg import errors

from integrations.ports import Rejected, Unavailable
from integrations.store.errors import translate


@pytest.mark.parametrize(
    ("said", "becomes"),
    [
        (errors.AdminShutdown("terminating connection"), Unavailable),
        (errors.ReadOnlySqlTransaction("cannot execute INSERT in a read-only transaction"), Unavailable),
        (errors.UndefinedColumn('column "needs" does not exist'), Unavailable),
        (errors.UndefinedTable('relation "nightshift.audit" does not exist'), Unavailable),
        (errors.InsufficientPrivilege("permission denied for table audit"), Unavailable),
        (errors.CheckViolation("violates check constraint"), Rejected),
        (errors.StringDataRightTruncation("value too long"), Rejected),
        (psycopg.OperationalError('FATAL:  password authentication failed for user "u"'), Rejected),
    ],
    ids=lambda case: case.__name__ if isinstance(case, type) else type(case).__name__,
)
def test_what_an_operator_will_mend_is_waited_for_and_what_nobody_can_mend_is_refused(
    said: psycopg.Error, becomes: type[Exception]
) -> None:
    assert isinstance(translate(said), becomes)
