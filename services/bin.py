"""The project's bin, for those who do not look at files themselves."""

from infrastructure.bin import Binned, contents, discard, empty, remove, restore

__all__ = ["Binned", "contents", "discard", "empty", "remove", "restore"]
