"""What tests of version gc ask for."""

from contextlib import closing

from infrastructure.versions.store import size_of
from services.versions import sweeping

STYLE = "loras/style.safetensors"


def sha_of(keeper):
    return keeper.version().needed_lock().models[0].sha256


def under_way(work, note=""):
    """The same work, as far as its first event that says this."""
    while note not in getattr(next(work), "note", ""):
        pass
    return closing(work)


def swept(keeper):
    return sweeping.collect(keeper.shelf, is_dry=False)


def free_of(folder):
    """Bytes of all files there, but for locks, which come and go."""
    return size_of(folder, set())
