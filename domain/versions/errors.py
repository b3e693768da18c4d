"""What can go wrong with a version, each with an exit code of its own."""

from domain.errors import StudioError


class Drift(StudioError):
    """What lies there is not what the lock says: `differences` names each file."""

    def __init__(self, sentence: str, differences: tuple[str, ...] = ()):
        super().__init__(sentence)
        self.differences = differences


class Unresolved(StudioError):
    """The network, a repository or the packages do not give what was asked for."""


class NotInStore(StudioError):
    """It would have to be fetched, and nothing may be."""
