"""Jaeger as a source of traces."""

from integrations.jaeger.traces import JaegerTraces

__all__ = ["JaegerTraces"]
