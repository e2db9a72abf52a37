"""What we read of Kubernetes' objects: a few fields of each, everything else is dropped where it comes in."""

from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict
from pydantic.alias_generators import to_camel

REVISION = "deployment.kubernetes.io/revision"
HISTORY = "deployment.kubernetes.io/revision-history"
RESTARTED_AT = "kubectl.kubernetes.io/restartedAt"
HASH = "pod-template-hash"
PLAN = "nightshift.dev/plan"
"""Annotation with the digest of the plan of ours that changed the deployment last: so a retry knows its own work."""
CHANGE_CAUSE = "kubernetes.io/change-cause"


def _or_empty(value: Any) -> Any:  # noqa: ANN401 - untrusted
    """Go writes an empty map or list as null in some places."""
    return {} if value is None else value


Names = Annotated[dict[str, str], BeforeValidator(_or_empty)]


class Part(BaseModel):
    """A part of an object. Fields that we do not name are ignored: the API grows."""

    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel, populate_by_name=True)


class Owner(Part):
    uid: str


class ManagedField(Part):
    """Who wrote fields last, and when. `subresource` is "scale" for what was scaled."""

    manager: str = ""
    time: AwareDatetime | None = None
    subresource: str = ""


class Metadata(Part):
    name: str = ""
    uid: str = ""
    resource_version: str = ""
    generation: int = 0
    creation_timestamp: AwareDatetime | None = None
    labels: Names = {}
    annotations: Names = {}
    owner_references: tuple[Owner, ...] = ()
    managed_fields: tuple[ManagedField, ...] = ()


class Selector(Part):
    match_labels: Names = {}
    match_expressions: tuple[dict[str, Any], ...] = ()


class RollingUpdate(Part):
    max_unavailable: int | str = "25%"
    max_surge: int | str = "25%"


class Strategy(Part):
    type: str = "RollingUpdate"
    rolling_update: RollingUpdate | None = None


class Resources(Part):
    requests: Names = {}
    limits: Names = {}


class Container(Part):
    name: str = ""
    image: str = ""
    resources: Resources = Resources()


class PodSpec(Part):
    containers: tuple[Container, ...] = ()


class PodTemplate(Part):
    """The few fields of a template that mean something to us."""

    metadata: Metadata = Metadata()
    spec: PodSpec = PodSpec()


class DeploymentSpec(Part):
    """`template` stays as it came: it is compared and put back whole."""

    replicas: int = 1
    paused: bool = False
    selector: Selector = Selector()
    template: dict[str, Any] = {}
    strategy: Strategy = Strategy()

    @property
    def pods(self) -> PodTemplate:
        return PodTemplate.model_validate(self.template)


class Condition(Part):
    type: str
    status: str
    reason: str = ""
    last_update_time: AwareDatetime | None = None


class DeploymentStatus(Part):
    observed_generation: int = 0
    replicas: int = 0
    updated_replicas: int = 0
    ready_replicas: int = 0
    available_replicas: int = 0
    conditions: tuple[Condition, ...] = ()


class Deployment(Part):
    metadata: Metadata
    spec: DeploymentSpec = DeploymentSpec()
    status: DeploymentStatus = DeploymentStatus()


class ReplicaSet(Part):
    metadata: Metadata
    spec: DeploymentSpec = DeploymentSpec()

    @property
    def revision(self) -> int | None:
        said = self.metadata.annotations.get(REVISION, "")
        return int(said) if said.isdecimal() else None

    @property
    def template_hash(self) -> str:
        return self.metadata.labels.get(HASH, "")


class ReplicaSets(Part):
    items: tuple[ReplicaSet, ...] = ()


class Terminated(Part):
    reason: str = ""
    exit_code: int = 0
    finished_at: AwareDatetime | None = None


class Waiting(Part):
    reason: str = ""


class ContainerState(Part):
    waiting: Waiting | None = None
    terminated: Terminated | None = None


class ContainerStatus(Part):
    name: str
    restart_count: int = 0
    state: ContainerState = ContainerState()
    last_state: ContainerState = ContainerState()


class PodStatus(Part):
    container_statuses: tuple[ContainerStatus, ...] = ()
    init_container_statuses: tuple[ContainerStatus, ...] = ()


class Pod(Part):
    metadata: Metadata
    status: PodStatus = PodStatus()

    @property
    def containers(self) -> tuple[ContainerStatus, ...]:
        return (*self.status.init_container_statuses, *self.status.container_statuses)


class Pods(Part):
    items: tuple[Pod, ...] = ()


class Involved(Part):
    kind: str = ""
    name: str = ""


class Event(Part):
    """The words are whatever a controller or a node wrote."""

    involved_object: Involved = Involved()
    type: str = "Normal"
    reason: str = ""
    message: str = ""
    count: int | None = None
    first_timestamp: AwareDatetime | None = None
    last_timestamp: AwareDatetime | None = None
    event_time: AwareDatetime | None = None
    metadata: Metadata = Metadata()

    @property
    def last(self) -> AwareDatetime | None:
        return self.last_timestamp or self.event_time or self.metadata.creation_timestamp


class Events(Part):
    items: tuple[Event, ...] = ()


class OnlyMetadata(Part):
    metadata: Metadata


class BudgetSpec(Part):
    min_available: int | str | None = None
    max_unavailable: int | str | None = None
    selector: Selector | None = None


class DisruptionBudget(Part):
    metadata: Metadata
    spec: BudgetSpec = BudgetSpec()


class DisruptionBudgets(Part):
    items: tuple[DisruptionBudget, ...] = ()


class QuotaAmounts(Part):
    hard: Names = {}
    used: Names = {}


class ResourceQuota(Part):
    metadata: Metadata
    status: QuotaAmounts = QuotaAmounts()


class ResourceQuotas(Part):
    items: tuple[ResourceQuota, ...] = ()


class Job(Part):
    metadata: Metadata


class Jobs(Part):
    items: tuple[Job, ...] = ()
