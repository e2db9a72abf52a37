"""Bulk evidence goes to the store; history holds a few findings, each with the reference."""

import json
from collections.abc import Mapping, Sequence

from domain.finding import EvidenceRef, Finding, Presence
from integrations.ports import EvidenceStore, PortError

MOST_FINDINGS = 12
"""Findings per source: what history and a page can bear."""
MOST_UNFOUND = MOST_FINDINGS // 2
"""So many of them may say what was absent or could not be seen."""
MOST_MISSING = 3
"""So many of these may say what could not be seen, where much was absent; what is left out would pass for seen."""
_LONGEST_REASON = 200


def kept(
    store: EvidenceStore | None, findings: Sequence[Finding], content: Mapping[str, object], summary: str
) -> tuple[Finding, ...]:
    """The most telling findings, with the reference to `content` (stored as JSON), or with why there is none."""
    chosen = most_telling(findings)
    ref, note = _put(store, content, summary)
    if ref is not None:
        return tuple(f.model_copy(update={"evidence": ref}) for f in chosen)
    return tuple(f.model_copy(update={"facts": {**f.facts, "evidence": note}}) for f in chosen)


def most_telling(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """The strongest; what was absent, and some of what could not be seen, stays, as far as there is room: neither
    crowds the other out.
    """
    ranked = sorted(findings, key=lambda f: (-f.strength, f.service or "", f.title))
    missing, absent, found = (
        [f for f in ranked if f.presence is presence]
        for presence in (Presence.MISSING, Presence.ABSENT, Presence.FOUND)
    )
    missing = missing[: max(MOST_MISSING, MOST_UNFOUND - len(absent))]
    absent = absent[: MOST_UNFOUND - len(missing)]
    return (*found[: MOST_FINDINGS - len(missing) - len(absent)], *absent, *missing)


def _put(store: EvidenceStore | None, content: Mapping[str, object], summary: str) -> tuple[EvidenceRef | None, str]:
    if store is None:
        return None, "not stored: no evidence store is configured"
    try:
        return store.put(json.dumps(content, sort_keys=True, default=str).encode(), summary), ""
    except PortError as error:
        return None, f"not stored: {str(error)[:_LONGEST_REASON]}"
