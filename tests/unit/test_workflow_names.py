"""The starter calls the workflow by names, so as not to import all that it runs: the names must be the workflow's."""

from temporalio import workflow

from starter import live
from workflows.incident import IncidentWorkflow

# The SDK's own record of what a workflow class listens to.
_DEFINITION = workflow._Definition.must_from_class(IncidentWorkflow)  # pyright: ignore[reportPrivateUsage]


def test_the_workflow_has_the_name_by_which_it_is_started() -> None:
    assert _DEFINITION.name == live.WORKFLOW


def test_it_listens_to_what_the_starter_and_the_command_line_say() -> None:
    assert "report" in _DEFINITION.signals
    assert "view" in _DEFINITION.queries
    assert {"decide", "person"} <= set(_DEFINITION.updates)
