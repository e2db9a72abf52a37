"""`nightshift eval diagnosis`: how often the right service is named, without a model, one configuration for all."""

import time

from analysis.calibration import calibration
from evals.diagnosis import report
from evals.diagnosis.options import (
    DataFolder,
    DatasetName,
    JsonFile,
    Only,
    console,
    known,
    stopped_where_data_are_missing,
    write,
)
from evals.diagnosis.run import answers, chosen, commit_of


def diagnosis(
    dataset: DatasetName,
    data: DataFolder,
    only: Only = None,
    json_file: JsonFile = None,
) -> None:
    """Rank the causes of public faults by the product's own analysis, and count how often it is right.

    Exits with 2 when the data are not there, and says what is missing.
    """
    chosen_set, shown, began = known(dataset), console(), time.monotonic()
    with stopped_where_data_are_missing(shown):
        parts = chosen(chosen_set, data, only)
        found = list(answers(chosen_set, data, parts))
    maps = {key.partition("/")[2]: by for key, by in calibration().without.items() if key.startswith(f"{dataset}/")}
    figures = report.as_json(chosen_set, parts, commit_of(data), found, maps, time.monotonic() - began)
    report.show(shown, figures)
    write(figures, json_file)
