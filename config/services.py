"""The services under care: a YAML file, with default expressions for metrics of conventional names."""

from pathlib import Path

from config.yaml_file import checked, read_mapping
from domain.services import ServiceMap

DEFAULT_EXPRESSIONS = Path(__file__).with_name("defaults") / "expressions.yaml"


def load_services(path: Path | None) -> ServiceMap:
    """All services that the file lists; without `expressions` of its own it has the defaults. Raises ConfigError."""
    defaults = read_mapping(DEFAULT_EXPRESSIONS)
    if path is None:
        return checked(ServiceMap, defaults, DEFAULT_EXPRESSIONS)
    return checked(ServiceMap, {**defaults, **read_mapping(path)}, path)


def own_queries(services: ServiceMap) -> tuple[tuple[str, str], ...]:
    """(service, query) of every listed service, without the default expressions, which are PromQL.

    They are what a source may be asked that speaks another language.
    """
    defaults = load_services(None).expressions
    listed = ((s.name, e) for s in services.services for e in services.expressions_of(s.name))
    return tuple((name, expression.query) for name, expression in listed if expression not in defaults)
