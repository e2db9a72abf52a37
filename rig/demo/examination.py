"""The doctor's word before the fault: a demo on a product that is not well would show nothing."""

import json
from collections.abc import Iterator
from typing import Any

from rich.console import Console

from rig.demo.product import Product, ProductFailedError
from starter.cli.exits import Exit


def examine(product: Product, console: Console, *, jaeger_up: bool) -> None:
    """Print what the doctor says. Raises ProductFailedError when it says that something fails.

    A Jaeger that is still being built is the one thing that may: its address is known to the product already, so
    that traces are there as soon as it is.
    """
    done = product.run("doctor", check=False)
    console.print(done.stdout.rstrip(), markup=False)
    if done.returncode == Exit.DONE:
        return
    if done.returncode != Exit.OTHERWISE:
        raise ProductFailedError(f"the doctor could not look: {done.stderr.strip()}")
    # Asked again, in the form that programs read; what has recovered meanwhile is well.
    rows = json.loads(product.run("doctor", "--json", check=False).stdout)["rows"]
    if failing := list(failures(rows, jaeger_up=jaeger_up)):
        raise ProductFailedError(f"the doctor says that the product is not well: {'; '.join(failing)}")
    console.print("Jaeger is not up yet: until then traces are a missing finding", markup=False)


def failures(rows: list[dict[str, Any]], *, jaeger_up: bool) -> Iterator[str]:
    """The rows that fail, in words, without the Jaeger that is still being built."""
    for row in rows:
        excused = row["name"] == "jaeger" and not jaeger_up
        if row["status"] == "fail" and not excused:
            yield f"{row['name']}: {row['said']}"
