"""Every real server is a fixture: started once in a session, when the first test asks for it."""

pytest_plugins = [
    "tests.fixtures.run_folder",
    "tests.fixtures.temporal",
    "tests.fixtures.postgres",
    "tests.fixtures.store",
    "tests.fixtures.shop",
    "tests.fixtures.observability",
    "tests.fixtures.smtp",
]
