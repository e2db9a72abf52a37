"""Training: the history of every series that is watched becomes a table of forecasts."""

from activities.training.activity import TrainingActivities

__all__ = ["TrainingActivities"]
