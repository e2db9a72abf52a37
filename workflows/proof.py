"""A proof is checked where its key is: by an activity, so that history never holds the key."""

from temporalio import workflow
from temporalio.exceptions import ActivityError

with workflow.unsafe.imports_passed_through():
    from activities.identity import IdentityActivities, Sealed
    from domain.proof import Seal, Word
    from workflows import options
    from workflows.calls import reason


async def objection_to(word: Word, seal: Seal) -> str | None:
    """What speaks against the proof, None: it is genuine. One that nobody can check counts as none."""
    sealed = Sealed(word=word, seal=seal, at=workflow.now())
    try:
        return await workflow.execute_activity_method(
            IdentityActivities.check_proof, sealed, summary=f"check that it was {word.who[:60]}", **options.CHECK
        )
    except ActivityError as error:
        return f"the proof could not be checked: {reason(error)}"
