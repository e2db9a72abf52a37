"""Tempo as a source of traces."""

from integrations.tempo.traces import TempoTraces

__all__ = ["TempoTraces"]
