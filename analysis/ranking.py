"""Ranks candidate causes from findings."""

from collections.abc import Sequence

from domain.diagnosis import Diagnosis
from domain.finding import Finding
from domain.question import Question


def rank(findings: Sequence[Finding], question: Question) -> Diagnosis:
    raise NotImplementedError
