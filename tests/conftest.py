"""Every real server is a fixture: started once in a session, when the first test asks for it."""

from hypothesis import settings

# How long an example takes says how busy the machine is: speed is measured elsewhere, never asserted by a test.
settings.register_profile("nightshift", deadline=None)
settings.load_profile("nightshift")

pytest_plugins = [
    "tests.fixtures.run_folder",
    "tests.fixtures.temporal",
    "tests.fixtures.postgres",
    "tests.fixtures.store",
    "tests.fixtures.shop",
    "tests.fixtures.observability",
    "tests.fixtures.cluster",
    "tests.fixtures.smtp",
    "tests.fixtures.pagerduty",
    "tests.fixtures.slack",
    "tests.fixtures.model",
]
