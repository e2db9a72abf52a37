"""What an action or a source needs of Kubernetes' API, as data that manifests and doctor are held to."""

from domain.model import Model


class Right(Model):
    """Verbs on one resource of one API group; the core group is the empty string."""

    group: str
    resource: str
    verbs: tuple[str, ...]
