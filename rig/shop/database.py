"""The shop's database in a PostgreSQL server: roles, the limited database `orders`, its table and first rows.

It also makes the two roles through which someone who looks after this database comes in: one to read and one
to act. Both connect to the database `postgres`, which still answers when `orders` is full.
"""

import secrets
from dataclasses import dataclass

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo
from pydantic import SecretStr

DATABASE = "orders"
CONNECTION_LIMIT = 12
OWNER, APP, REPORTING = "orders_owner", "orders_app", "reporting"
REMEDY, READ = "nightshift_remedy", "nightshift_read"
CUSTOMERS = 50
PRODUCTS = 10
_SEEDED_ORDERS = 2000


@dataclass(frozen=True)
class ShopDatabase:
    """Connection strings (libpq key=value form), one per role.

    `app`, `reporting` and `owner` lead to the database `orders`, `remedy` and `read` to `postgres`.
    """

    owner: SecretStr
    app: SecretStr
    reporting: SecretStr
    remedy: SecretStr
    read: SecretStr
    connection_limit: int


def set_up_database(admin_conninfo: str, connection_limit: int = CONNECTION_LIMIT) -> ShopDatabase:
    """Make roles, database, table and rows where they are missing; passwords are new each time.

    `admin_conninfo` is that of a superuser, in any form that libpq takes.
    Raises psycopg.Error when the server refuses.
    """
    passwords = {role: secrets.token_urlsafe(24) for role in (OWNER, APP, REPORTING, REMEDY, READ)}
    with psycopg.connect(admin_conninfo, autocommit=True) as admin:
        for role, password in passwords.items():
            _ensure_role(admin, role, password)
        _ensure_database(admin, connection_limit)
        admin.execute(f"GRANT pg_signal_backend, pg_read_all_stats TO {REMEDY}")
        admin.execute(f"GRANT pg_monitor TO {READ}")
        admin.execute(f"GRANT CONNECT ON DATABASE {DATABASE} TO {READ}")  # to give a locked table its name
    with psycopg.connect(make_conninfo(admin_conninfo, dbname=DATABASE), autocommit=True) as admin:
        _ensure_table(admin)

    def conninfo(role: str, database: str) -> SecretStr:
        return SecretStr(make_conninfo(admin_conninfo, dbname=database, user=role, password=passwords[role]))

    return ShopDatabase(
        owner=conninfo(OWNER, DATABASE),
        app=conninfo(APP, DATABASE),
        reporting=conninfo(REPORTING, DATABASE),
        remedy=conninfo(REMEDY, "postgres"),
        read=conninfo(READ, "postgres"),
        connection_limit=connection_limit,
    )


def _ensure_role(admin: psycopg.Connection, role: str, password: str) -> None:
    known = admin.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,)).fetchone()
    verb = "ALTER" if known else "CREATE"
    admin.execute(sql.SQL("{} ROLE {} LOGIN PASSWORD {}").format(sql.SQL(verb), sql.Identifier(role), password))


def _ensure_database(admin: psycopg.Connection, connection_limit: int) -> None:
    if not admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,)).fetchone():
        admin.execute(f"CREATE DATABASE {DATABASE} OWNER {OWNER}")
    admin.execute(sql.SQL("ALTER DATABASE {} CONNECTION LIMIT {}").format(sql.Identifier(DATABASE), connection_limit))
    admin.execute(f"REVOKE CONNECT ON DATABASE {DATABASE} FROM PUBLIC")
    admin.execute(f"GRANT CONNECT ON DATABASE {DATABASE} TO {APP}, {REPORTING}")


def _ensure_table(admin: psycopg.Connection) -> None:
    admin.execute(f"SET ROLE {OWNER}")
    if admin.execute("SELECT to_regclass('public.orders') IS NOT NULL AS there").fetchone() == (True,):
        return
    # PostgreSQL 15 and newer let only the database's owner make tables in `public`: that is OWNER.
    with admin.transaction():
        admin.execute(
            "CREATE TABLE orders ("
            " order_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,"
            " customer_id int NOT NULL,"
            " product_id int NOT NULL,"
            " quantity int NOT NULL CHECK (quantity > 0),"
            " price_cents int NOT NULL,"
            " created_at timestamptz NOT NULL DEFAULT now())"
        )
        admin.execute("CREATE INDEX orders_by_customer ON orders (customer_id, order_id DESC)")
        admin.execute(f"GRANT SELECT, INSERT ON orders TO {APP}")
        admin.execute(f"GRANT SELECT ON orders TO {REPORTING}")
        admin.execute(
            "INSERT INTO orders (customer_id, product_id, quantity, price_cents)"
            " SELECT 1 + n %% %s, 1 + n %% %s, 1 + n %% 3, 990 + n FROM generate_series(1, %s) AS n",
            (CUSTOMERS, PRODUCTS, _SEEDED_ORDERS),
        )
