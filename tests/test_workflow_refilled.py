"""A graph that already holds local files is read like the one it came from."""

from pathlib import Path

import pytest

from domain.workflow import Workflow
from infrastructure.workflow_files import WorkflowFolder

TEMPLATES = WorkflowFolder(Path(__file__).parent.parent / "workflow_templates")


@pytest.mark.parametrize("name", TEMPLATES.names())
def test_a_filled_graph_shows_the_same_places(name):
    workflow = TEMPLATES.load(name)
    files = {slot: Path("own.png") for slot in ("start_image", "end_image") if workflow.takes(slot)}
    references = [Path("a.png") for _ in workflow.slots.get("reference", ())]

    filled = workflow.with_values(**files, references=references or None)

    assert Workflow(name, filled, workflow.about).slots.keys() == workflow.slots.keys()
