"""The case that the catalogue's rules are shown, from what an incident knows."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from domain.catalogue import Case
    from domain.diagnosis import Diagnosis
    from workflows.record import Record


def case_of(record: Record, diagnosis: Diagnosis) -> Case:
    """For the next attempt, as if this were the diagnosis."""
    return Case(
        incident=record.incident, attempt=record.next_attempt, diagnosis=diagnosis, findings=record.findings,
        services=record.opening.services, policy=record.opening.policy,
    )  # fmt: skip
