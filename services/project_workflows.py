"""Which workflows a project is made with, where it says something else than the settings."""

from domain.errors import StudioError
from infrastructure.project_files import KINDS, chosen_workflows, keep_workflow
from infrastructure.workflow_files import WorkflowFolder
from services.desk import Desk
from services.history import Step

__all__ = ["choose", "chosen_workflows"]


def choose(desk: Desk, workflows: WorkflowFolder, kind: str, name: str) -> None:
    """Make a workflow the project's own choice, or with "" leave it to the settings; undoable."""
    if kind not in KINDS:
        raise StudioError("A workflow makes keyframes or videos.")
    if name:
        flow = workflows.load(name)  # says what there is, when there is no such
        if flow.kind != kind:
            raise StudioError(f"{flow.about.title or name} makes no {kind}s. Choose another workflow.")

    def keep(name: str) -> None:
        keep_workflow(desk.project, kind, name)

    with desk.in_turn():
        before = chosen_workflows(desk.project).get(kind, "")
        if before == name:
            return
        keep(name)
        desk.took(Step("board", lambda: keep(before), lambda: keep(name), f"{kind} workflow"))
    desk.tell(())
