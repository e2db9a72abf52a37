"""The shop's faults: the whole product, from a real fault to a named cause, and how often it names the right one."""
