"""How many more pods of a template fit into a resource quota. Pure; quantities as Kubernetes writes them."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

from integrations.kubernetes.objects import PodTemplate, QuotaAmounts

_SUFFIXES: Mapping[str, Decimal] = {
    "n": Decimal("1e-9"), "u": Decimal("1e-6"), "m": Decimal("1e-3"), "": Decimal(1), "k": Decimal(10**3),
    "M": Decimal(10**6), "G": Decimal(10**9), "T": Decimal(10**12), "P": Decimal(10**15), "E": Decimal(10**18),
    "Ki": Decimal(2**10), "Mi": Decimal(2**20), "Gi": Decimal(2**30), "Ti": Decimal(2**40), "Pi": Decimal(2**50),
    "Ei": Decimal(2**60),
}  # fmt: skip
# What a quota may count, and where a container says how much of it it takes.
_COUNTED: Mapping[str, tuple[str, str]] = {
    "cpu": ("requests", "cpu"), "memory": ("requests", "memory"), "requests.cpu": ("requests", "cpu"),
    "requests.memory": ("requests", "memory"), "limits.cpu": ("limits", "cpu"), "limits.memory": ("limits", "memory"),
}  # fmt: skip
_PODS = frozenset({"pods", "count/pods"})


def pods_that_fit(quota: QuotaAmounts, pod: PodTemplate) -> int | None:
    """By the scarcest thing that it counts; None where it counts nothing that such a pod takes."""
    fits = [
        int((quantity(hard) - quantity(quota.used.get(name, "0"))) / each)
        for name, hard in quota.hard.items()
        if (each := _each(name, pod)) > 0
    ]
    return max(0, min(fits)) if fits else None


def quantity(text: str) -> Decimal:
    """Such as "250m", "64Mi", "1e3" or "2". Raises ValueError for anything else."""
    number = text.strip()
    try:
        return Decimal(number)
    except InvalidOperation:
        pass  # it has a suffix
    for suffix in sorted(filter(None, _SUFFIXES), key=len, reverse=True):
        if number.endswith(suffix):
            try:
                return Decimal(number.removesuffix(suffix)) * _SUFFIXES[suffix]
            except InvalidOperation:
                break
    raise ValueError(f"{text!r} is not a quantity such as '250m' or '64Mi'")


def _each(name: str, pod: PodTemplate) -> Decimal:
    """How much of it one pod takes."""
    if name in _PODS:
        return Decimal(1)
    if name not in _COUNTED:
        return Decimal(0)
    kind, resource = _COUNTED[name]
    containers = pod.spec.containers
    amounts = (c.resources.requests if kind == "requests" else c.resources.limits for c in containers)
    return sum((quantity(amount.get(resource, "0")) for amount in amounts), start=Decimal(0))
