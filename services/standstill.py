"""Why nothing new begins, at all or for a project, and when it may go on by itself."""

from dataclasses import replace

from domain.errand import CANCELLED, FAILED, STOPPED, WAITING, Errand
from domain.errors import BackendUnreachable, Blocked, CannotWrite, JobRejected, StudioError

LASTING = 900.0  # seconds after which a trouble that passes by itself is not expected to
FIRST, LONGEST = 4.0, 300.0  # seconds until a trouble that passes by itself is tried again


class Standstill:
    def __init__(self) -> None:
        self.why = ""  # a sentence; "": nothing stands still
        self._culprits: list[str] = []  # whose failures they were
        self._wait = 0.0
        self._again: float | None = None  # when it may go on by itself
        self._is_ordered = False
        self._since: float | None = None  # when nothing was made any more

    def ordered(self, why: str) -> None:
        """By somebody who will also say when to go on."""
        self.why, self._again, self._is_ordered = why, None, True

    def trouble(self, error: StudioError, culprit: str, now: float) -> None:
        """That a server is away, or another program holds the project, passes by itself."""
        self._culprits += [culprit] if culprit else []
        if self._is_ordered:
            return  # whoever said so says when to go on
        self.why, self._again = str(error), None
        self._since = now if self._since is None else self._since
        if isinstance(error, BackendUnreachable | Blocked):
            self._wait = min(LONGEST, max(FIRST, 2 * self._wait))
            self._again = now + self._wait

    def over(self) -> list[str]:
        """Everything may begin again; returns whose failures it had been."""
        culprits, self.why, self._culprits, self._again = self._culprits, "", [], None
        self._is_ordered = False
        return culprits

    def worked(self) -> None:
        """Something was made, so that the next trouble is a new one."""
        self._wait, self._since = 0.0, None

    @property
    def is_passing(self) -> bool:
        """Whether it is waited for that the trouble ends."""
        return self._again is not None

    def is_lasting(self, now: float) -> bool:
        """Whether it stands still until somebody does something, as far as one can tell."""
        if not self.why:
            return False
        return self._again is None or (self._since is not None and now - self._since > LASTING)

    def is_due(self, now: float) -> bool:
        return bool(self.why) and self._again is not None and now >= self._again


class Standstills:
    """Of the whole queue, and of single projects in which nothing can be made: others go on."""

    def __init__(self) -> None:
        self.whole = Standstill()
        self._of = dict[str, Standstill]()

    def each(self) -> list[Standstill]:
        return [self.whole, *self._of.values()]

    @property
    def held(self) -> dict[str, str]:
        """The projects that stand still, and why."""
        return {project: still.why for project, still in self._of.items() if still.why}

    def why(self, waiting: set[str]) -> str:
        """Why nothing begins for any of the projects for which something waits; "" when something may."""
        held = self.held
        reasons = [why for project, why in held.items() if project in waiting]
        return self.whole.why or (reasons[0] if reasons and waiting <= held.keys() else "")

    def trouble(self, error: StudioError, project: str, culprit: str, now: float) -> None:
        """Of a project alone, when that is what is held or has to be mended."""
        of = self._of.setdefault(project, Standstill()) if isinstance(error, Blocked) else self.whole
        of.trouble(error, culprit, now)

    def worked(self, project: str) -> None:
        """Something was made."""
        for still in (self.whole, self._of.get(project)):
            if still:
                still.worked()


def broken(
    errand: Errand, error: StudioError, is_cancelled: bool, is_closing: bool, is_first: bool
) -> tuple[Errand, StudioError | None]:
    """What becomes of an errand that broke, and why nothing else should begin. `is_first` when nothing of
    its run was made yet."""
    if is_cancelled:
        return replace(errand, state=CANCELLED), None  # nobody waits for it any more
    if isinstance(error, BackendUnreachable | CannotWrite | Blocked) and not errand.is_aside:
        if is_closing:
            return replace(errand, state=STOPPED), None
        why = str(error) if isinstance(error, Blocked) else ""  # of the others the whole queue tells
        return replace(errand, state=WAITING, began=0.0, error=why), error  # its turn stays
    failed = replace(errand, state=FAILED, error=str(error))
    # the rest of this run would be refused as well
    return failed, error if isinstance(error, JobRejected) and is_first else None
