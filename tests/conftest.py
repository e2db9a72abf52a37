"""Every real server is a fixture: started once in a session, when the first test asks for it."""

from hypothesis import settings

# How long an example takes says how busy the machine is: speed is measured elsewhere, never asserted by a test.
# The same examples in each run, so that what a run says is about the change. To look for others (--hypothesis-profile).
settings.register_profile("nightshift", deadline=None, derandomize=True)
settings.register_profile("explore", deadline=None, max_examples=2000)
settings.load_profile("nightshift")

pytest_plugins = [
    "tests.fixtures.limits",
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
