"""What a cycle of one shard or of all did, and its metrics."""

from temporalio import activity

from domain.model import Model
from domain.shards import Shard


class Cycle(Model):
    """What a cycle did: all that history keeps of it. `skipped`: cycles that were due since the one before.

    `forecast`: series of which there is a forecast; `stale`: those whose forecast is too old to judge by. `refused` and
    `away`: questions that Prometheus will not answer, and those that it did not answer this time. `shards`: those that
    went through; `failed_shards`: those that did not.
    """

    series: int = 0
    ready: int = 0
    forecast: int = 0
    stale: int = 0
    reported: int = 0
    skipped: int = 0
    refused: int = 0
    away: int = 0
    incidents: tuple[str, ...] = ()
    shards: int = 1
    failed_shards: int = 0

    def joined(self, other: "Cycle") -> "Cycle":
        """Both as one: two shards of a cycle, which are late together."""
        sums = {name: getattr(self, name) + getattr(other, name) for name in _SUMMED}
        late = max(self.skipped, other.skipped)
        return Cycle(**sums, skipped=late, incidents=(*self.incidents, *other.incidents)[:MOST_NAMED])


_SUMMED = ("series", "ready", "forecast", "stale", "reported", "refused", "away", "shards", "failed_shards")
MOST_NAMED = 20


def count(cycle: Cycle, shard: Shard, seconds: float) -> None:
    """For whoever watches Nightshift: the worker's own metrics."""
    meter = activity.metric_meter().with_additional_attributes({"shard": str(shard.number)})
    meter.create_gauge("nightshift_detection_series", "Series that are watched.").set(cycle.series)
    meter.create_gauge("nightshift_detection_series_ready", "Series with enough history.").set(cycle.ready)
    meter.create_gauge("nightshift_detection_series_forecast", "Series with a forecast.").set(cycle.forecast)
    meter.create_gauge("nightshift_detection_series_stale", "Series with a stale forecast.").set(cycle.stale)
    meter.create_counter("nightshift_detection_cycles", "Cycles of detection.").add(1)
    meter.create_counter("nightshift_detection_cycles_skipped", "Cycles that came too late.").add(cycle.skipped)
    meter.create_counter("nightshift_detection_anomalies", "Anomalies that began or ended.").add(cycle.reported)
    meter.create_counter("nightshift_detection_refused", "Questions that were refused.").add(cycle.refused)
    meter.create_counter("nightshift_detection_away", "Questions that had no answer this time.").add(cycle.away)
    meter.create_histogram_float("nightshift_detection_seconds", "Seconds of a cycle.").record(seconds)


def count_failure() -> None:
    """The gauges stand still meanwhile: what they say is of the last cycle that went through."""
    activity.metric_meter().create_counter("nightshift_detection_cycles_failed", "Cycles that failed.").add(1)
