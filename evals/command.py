"""`nightshift eval`: the product's own code, measured on public data and on the shop. One line for each evaluation."""

import typer

from evals.detection.command import detection
from evals.detection.week.command import week
from evals.diagnosis.combined import reliability
from evals.diagnosis.command import diagnosis
from evals.diagnosis.left_out import left_out
from evals.diagnosis.perturbed import perturbed
from evals.diagnosis.withheld import withheld
from evals.shop.command import shop

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, no_args_is_help=True)
app.command("detection")(detection)
app.command("week")(week)
app.command("diagnosis")(diagnosis)
app.command("reliability")(reliability)
app.command("shop")(shop)
app.command("left-out")(left_out)
app.command("perturbed")(perturbed)
app.command("withheld")(withheld)


@app.callback()
def evaluate() -> None:
    """Measure the product on public data and on the shop."""
