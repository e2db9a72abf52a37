"""Kubernetes' quantities, such as `64Mi`."""

import re
from decimal import Decimal

_QUANTITY = re.compile(r"(\d+(?:\.\d+)?)(Ki|Mi|Gi|Ti|k|M|G|T)?")
_DECIMAL = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
_BINARY = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}
_FACTORS = {**_DECIMAL, **_BINARY}


def to_bytes(quantity: str) -> int:
    """The number of bytes; ValueError for what is no amount of memory."""
    found = _QUANTITY.fullmatch(quantity)
    if found is None:
        raise ValueError(f"{quantity!r} is not an amount of memory such as '64Mi'")
    return int(Decimal(found[1]) * _FACTORS[found[2] or ""])
