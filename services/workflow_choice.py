"""Which workflows things are made with: the project's own choice, else the settings', else the studio's."""

from collections.abc import Callable

from domain.project import Project
from domain.settings import Settings
from domain.workflow import Workflow
from infrastructure.workflow_files import WorkflowFolder
from services.project_workflows import chosen_workflows

KEYFRAME_WORKFLOW, VIDEO_WORKFLOW = "keyframe_z_image_turbo", "video_wan22_5b"  # free, and light on the GPU


class WorkflowChoice:
    def __init__(self, folder: WorkflowFolder, settings: Callable[[], Settings]):
        self._folder, self._settings = folder, settings

    def default(self, kind: str) -> str:
        """The name of the workflow that keyframes, or videos, are made with."""
        settings = self._settings()
        if kind == "keyframe":
            return self._there(settings.keyframe_workflow) or KEYFRAME_WORKFLOW
        return self._there(settings.video_workflow) or VIDEO_WORKFLOW

    def of(self, project: Project | None) -> tuple[Workflow, Workflow]:
        """For keyframes, and for videos."""
        own = chosen_workflows(project) if project else {}
        keyframe, video = (
            self._folder.load(self._there(own.get(kind, "")) or self.default(kind))
            for kind in ("keyframe", "video")
        )
        return keyframe, video

    def _there(self, name: str) -> str:
        """A workflow that was chosen, if it is still there."""
        return name if name in self._folder.names() else ""
