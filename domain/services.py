"""The catalogue of services under care: what belongs to whom, and how each is measured. Loaded from YAML."""

from typing import Literal, Self

from pydantic import Field, model_validator

from domain.model import Model

MetricKind = Literal["errors", "latency", "load", "memory", "cpu", "up", "connections", "disk", "replication"]


class Expression(Model):
    """A PromQL expression for one service; `{service}` and `{window}` are filled in.

    `floor` is the least scale of a deviation, in `unit`, so that an all-zero series divides by nothing.
    `bound` is the value from which people call it broken; None where only the baseline can tell.
    `limit` is the value at which a resource is full.
    `harmful` None: evidence only. `fast`: looked at with every cycle of detection, the others once a minute.
    """

    name: str
    kind: MetricKind
    query: str
    unit: str
    harmful: Literal["up", "down"] | None = "up"
    floor: float = Field(gt=0)
    bound: float | None = None
    limit: float | None = Field(default=None, gt=0)
    fast: bool = False


class Database(Model):
    """A PostgreSQL database of a service. `watch` and `remedy` name the connections (see the settings) by which it is
    looked at and acted on; `application` is the service's own application_name, which is never ended.
    """

    name: str
    application: str
    watch: str
    remedy: str | None = None

    @property
    def target(self) -> str:
        return f"database/{self.name}"


class Deployment(Model):
    """The Kubernetes deployment that runs a service. `max_replicas` bounds how far it may ever be scaled up.

    The names are Kubernetes' own (RFC 1123), so a target never holds a slash or a star of its own.
    """

    namespace: str = Field(pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", max_length=63)
    name: str = Field(pattern=r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$", max_length=253)
    max_replicas: int | None = Field(default=None, ge=1)

    @property
    def target(self) -> str:
        return f"deployment/{self.namespace}/{self.name}"


class Marker(Model):
    """A PromQL expression whose series say what a service runs, such as `service_build_info{service="{service}"}`: a
    new value of `label` is a new release, or new configuration.
    """

    kind: Literal["rollout", "config"]
    query: str
    label: str


class Service(Model):
    """One service. `user_facing`: its failing share counts as impact. `hub`: it does not connect its neighbours."""

    name: str
    depends_on: tuple[str, ...] = ()
    user_facing: bool = False
    hub: bool = False
    databases: tuple[Database, ...] = ()
    deployment: Deployment | None = None
    expressions: tuple[Expression, ...] | None = None
    runbook: str | None = None
    dashboard: str | None = None


class ServiceMap(Model):
    """All services, and the expressions that hold where a service names none of its own.

    `markers` tell of changes to services that declare no deployment.
    """

    services: tuple[Service, ...] = ()
    expressions: tuple[Expression, ...]
    markers: tuple[Marker, ...] = ()

    @model_validator(mode="after")
    def _each_once_and_every_dependency_known(self) -> Self:
        known = {service.name for service in self.services}
        if len(known) < len(self.services):
            names = [service.name for service in self.services]
            raise ValueError(f"services: {next(n for n in names if names.count(n) > 1)!r} is listed twice")
        for service in self.services:
            for needed in service.depends_on:
                if needed not in known:
                    raise ValueError(f"services: {service.name!r} depends on {needed!r}, which is not listed")
        return self

    @model_validator(mode="after")
    def _a_target_is_one_database(self) -> Self:
        """A plan names its target only: two servers behind one name would let it act on the wrong one."""
        known: dict[str, Database] = {}
        for database in (d for s in self.services for d in s.databases):
            other = known.setdefault(database.target, database)
            if (other.watch, other.remedy) != (database.watch, database.remedy):
                raise ValueError(f"services: {database.target!r} is listed twice with different connections")
        return self

    @model_validator(mode="after")
    def _a_deployment_runs_one_service(self) -> Self:
        """What is changed in it would change another service too, of which the plan says nothing."""
        known: set[str] = set()
        for target in (s.deployment.target for s in self.services if s.deployment is not None):
            if target in known:
                raise ValueError(f"services: {target!r} is listed twice")
            known.add(target)
        return self

    def get(self, name: str) -> Service:
        """The service of that name; one that nobody listed has no dependencies and the default expressions."""
        return next((s for s in self.services if s.name == name), Service(name=name))

    def expressions_of(self, name: str) -> tuple[Expression, ...]:
        return self.get(name).expressions or self.expressions

    def callees(self, name: str) -> tuple[str, ...]:
        """Everything that a service depends on, nearest first, each once."""
        found: list[str] = []
        queue = [name]
        while queue:
            for needed in self.get(queue.pop(0)).depends_on:
                if needed not in found and needed != name:
                    found.append(needed)
                    queue.append(needed)
        return tuple(found)

    def callers(self, name: str) -> tuple[str, ...]:
        return tuple(s.name for s in self.services if name in s.depends_on)

    def neighbours(self, name: str) -> tuple[str, ...]:
        """Services one call away. Two callees of a hub are not neighbours of each other, and never were here."""
        return tuple(dict.fromkeys((*self.get(name).depends_on, *self.callers(name))))

    def database(self, target: str) -> Database | None:
        """The database with this target name (`database/NAME`)."""
        return next((d for s in self.services for d in s.databases if d.target == target), None)

    def deployment(self, target: str) -> Deployment | None:
        """The deployment with this target name (`deployment/NAMESPACE/NAME`)."""
        found = (s.deployment for s in self.services if s.deployment is not None)
        return next((d for d in found if d.target == target), None)
