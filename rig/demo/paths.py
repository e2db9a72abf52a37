"""Where the demo keeps its things: databases survive from run to run, logs are new for each."""

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

HERE = Path(__file__).parent
POLICY = HERE / "policy.yaml"
SERVICES = HERE / "services.yaml"
RELEASE_POLICY = HERE / "policy-release.yaml"
RELEASE_SERVICES = HERE / "services-release.yaml"


@dataclass(frozen=True)
class Paths:
    """`kept` holds what the next run finds again (memory of past incidents), `run` this run's logs and data."""

    kept: Path
    run: Path

    @property
    def postmortems(self) -> Path:
        return self.kept / "postmortems"


def make_paths() -> Paths:
    """Under `$NIGHTSHIFT_DATA`, else `.nightshift` in the current folder."""
    kept = Path(os.environ.get("NIGHTSHIFT_DATA", ".nightshift")).absolute() / "demo"
    run = kept / "runs" / f"{datetime.now(UTC):%Y%m%d-%H%M%S}"
    run.mkdir(parents=True, exist_ok=True)
    return Paths(kept=kept, run=run)
