"""Grouping: is this trouble an old acquaintance, or part of an incident that is open already?"""

from temporalio import workflow
from temporalio.exceptions import ActivityError

with workflow.unsafe.imports_passed_through():
    from activities.records import RecordActivities, Settle
    from domain.correlation import Link, Relation, link_to
    from domain.timeline import Kind
    from workflows import options
    from workflows.calls import reason
    from workflows.giving import as_others_see, give, stands
    from workflows.record import Record


async def belongs_elsewhere(record: Record) -> bool:
    """True: another incident goes on with it, or it was marked a false positive a moment ago. Nothing is opened."""
    return not record.over and (await relate(record) or await hand_over(record))


async def relate(record: Record) -> bool:
    """Link to the incident before it. True: nothing is opened, as the survivor of a merge goes on with it, or it was
    marked a false positive a moment ago.
    """
    if record.link is not None and record.link.relation is Relation.SPLIT:
        return False  # it is known what was before, and that it is to stand for itself
    try:
        previous = await workflow.execute_activity_method(
            RecordActivities.previous, record.opening.key, summary="was it here before?", **options.ASK
        )
    except ActivityError as error:
        record.note(workflow.now(), Kind.NOTE, "alert correlation", f"what was before is not known: {reason(error)}")
        return False
    record.link = link_to(previous, record.opened_at, record.assessment.severity.rank)
    if record.link.previous is not None:
        record.note(workflow.now(), Kind.NOTE, "alert correlation", f"{record.link.relation}: {record.link.reason}")
    if record.link.relation is Relation.JOINS and record.link.key not in record.apart:
        return await _join(record, record.link)
    if record.link.relation is not Relation.SUPPRESSED:
        return False
    record.ends(false_positive=True)
    return True


async def _join(record: Record, link: Link) -> bool:
    """What was merged before belongs to the survivor as long as that is open."""
    if await _give(record, str(link.previous), str(link.key)):
        return True
    record.link = Link(relation=Relation.NEW, reason=f"{link.reason}, which has ended")
    return False


async def hand_over(record: Record) -> bool:
    """Give the anomalies to the incident that covers a neighbour. True: that one goes on, this one ends."""
    opening = record.opening
    asked = Settle(me=as_others_see(record), graph=opening.services, within_s=opening.policy.merge_within_s)
    try:
        survivor = await workflow.execute_activity_method(
            RecordActivities.settle, asked, summary="does a neighbour's incident cover it?", **options.ASK
        )
    except ActivityError as error:
        text = f"whether a neighbour's incident covers it is not known: {reason(error)}"
        record.note(workflow.now(), Kind.NOTE, "alert correlation", text)
        return False
    if survivor is None or await _give(record, survivor.incident, survivor.key):
        return survivor is not None
    await _counts_again(record)
    return False


async def _counts_again(record: Record) -> None:
    """The store took it for handed over, and would let nothing be merged into it. A person's word that is being done
    comes first, and the next one waits: of two that tell the store, the later one counts.
    """
    await workflow.wait_condition(lambda: not record.moving)
    if record.ending.merged_into is not None:
        return  # the store has that from the person's word
    record.moving = True
    try:
        await stands(record)
    finally:
        record.moving = False


async def _give(record: Record, incident: str, key: str) -> bool:
    """An incident that ended in the meantime takes nothing: then this one stands for itself. So does a storm of which
    most alerts are only counted here: nobody else would know that they fire.
    """
    if len(record.crowd):
        text = f"{incident} does not take it over: {len(record.crowd):,} of its alerts are only counted, not kept"
        record.note(workflow.now(), Kind.NOTE, "alert correlation", text)
        return False
    if record.over or record.moving:
        return False  # a person was quicker
    given, record.moving = record.sightings, True
    failure = await give(key, record.anomalies)
    record.moving = False
    if failure is not None:
        text = f"{incident} could not take it over: {failure}"
        record.note(workflow.now(), Kind.NOTE, "alert correlation", text)
        return False
    record.handed_over = given
    record.ends(merged_into=incident, merged_key=key)
    record.note(workflow.now(), Kind.STATE, "alert correlation", f"handed over to {incident}")
    return True
