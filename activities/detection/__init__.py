"""Detection: a look at every series that is watched, and what comes of it."""

from activities.detection.activity import DetectionActivities

__all__ = ["DetectionActivities"]
