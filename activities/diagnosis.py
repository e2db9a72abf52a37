"""Diagnosis: the ranking of causes, as an activity, because it is work for a processor and not for a workflow."""

from temporalio import activity

from analysis.ranking import rank
from domain.diagnosis import Diagnosis
from domain.question import RankQuestion


class DiagnosisActivities:
    """Ranks what was found."""

    @activity.defn
    def rank(self, asked: RankQuestion) -> Diagnosis:
        """Candidate causes, best first, with the confidence in the first."""
        return rank(asked.findings, asked.question)
