"""Views of Temporal's web UI for people on call. It keeps views in the browser, so they are given away as links."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import quote

from starter.live import WORKFLOW
from workflows.contract import MUTED_WORKFLOW

_OPEN = f"WorkflowType='{WORKFLOW}' AND ExecutionStatus='Running'"
_RISK = timedelta(minutes=5)


@dataclass(frozen=True)
class SavedView:
    """A named query. `ahead`: `{at}` in it stands for so long from now."""

    name: str
    template: str
    ahead: timedelta = timedelta(0)

    def query(self, now: datetime) -> str:
        """The query in Temporal's language."""
        return self.template.format(at=(now + self.ahead).isoformat(timespec="seconds"))

    def link(self, ui: str | None, now: datetime, namespace: str = "default") -> str | None:
        """Opening it saves the view in that browser; None without TEMPORAL_UI_URL."""
        if ui is None:
            return None
        asked = f"query={quote(self.query(now), safe='')}&savedQuery={quote(self.name, safe='')}"
        return f"{ui}/namespaces/{quote(namespace, safe='')}/workflows?{asked}"


VIEWS = (
    SavedView("waiting for approval", f"{_OPEN} AND NsNeeds='approval'"),
    SavedView("not acknowledged", f"{_OPEN} AND NsNeeds='ack'"),
    SavedView("SLA at risk", f"{_OPEN} AND NsSlaDue<'{{at}}'", _RISK),
    SavedView("open incidents", _OPEN),
    SavedView("ended without a record", f"WorkflowType IN ('{WORKFLOW}', '{MUTED_WORKFLOW}') AND ExecutionStatus IN "
              "('Failed', 'Terminated', 'TimedOut')"),
    SavedView("not resolved", f"WorkflowType='{WORKFLOW}' AND NsOutcome='unresolved'"),
)  # fmt: skip
