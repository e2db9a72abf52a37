"""A calm past for Prometheus, written before it starts: without a past nothing can be said to have changed."""

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from evals.chaos.patients import METRIC
from rig.servers.prometheus import PrometheusServer

_MINUTES, _STEP_S = 45, 15


def write_past(prometheus: PrometheusServer, services: Sequence[str]) -> None:
    """Everybody was well until now. Synthetic: nobody measured it. ValueError where promtool refuses it."""
    end = time.time()
    lines = [f"# TYPE {METRIC} gauge"]
    for service in services:
        moments = range(_MINUTES * 60, 0, -_STEP_S)
        lines += [f'{METRIC}{{service="{service}"}} 0 {end - before:.3f}' for before in moments]
    with tempfile.TemporaryDirectory() as folder:
        text = Path(folder) / "past.txt"
        text.write_text("\n".join([*lines, "# EOF", ""]), encoding="ascii")
        prometheus.backfill(text)
