"""What can go wrong in a way the user can mend. The message is shown to them as it stands.

StudioError
  BadFile              a file does not read as what it should be
  CannotWrite          the disk takes no more, or not there: nothing can go on
  Blocked              the project is held, or has to be mended first: nothing can be made in it
  Gone                 what a step would bring back is not there any more
  PlatformError        whoever rents out the GPU refuses
    PlatformSilent     … does not answer: whether it did what it was asked is not known
    NoCapacity         … has no such GPU left just now
  BackendError
    BackendUnreachable nobody answers at the address
    JobRejected        the backend would not start the workflow
    JobFailed          the workflow started and broke
"""

from collections.abc import Mapping, Sequence


class StudioError(Exception):
    """Base of all: one or two sentences that say what happened and what to do."""


class BadFile(StudioError):
    pass


class CannotWrite(StudioError):
    pass


class Blocked(StudioError):
    pass


class Gone(StudioError):
    pass


class PlatformError(StudioError):
    pass


class PlatformSilent(PlatformError):
    pass


class NoCapacity(PlatformError):
    pass


class BackendError(StudioError):
    details: Sequence[Mapping[str, str]] = ()  # the same for programs: kind, node_id, class_type, message


class BackendUnreachable(BackendError):
    def __init__(self, sentence: str, symptom: str = ""):
        """`symptom` is what was seen, in a word (`domain.status.Status`)."""
        super().__init__(sentence)
        self.symptom = symptom


class JobRejected(BackendError):
    pass


class JobFailed(BackendError):
    pass
