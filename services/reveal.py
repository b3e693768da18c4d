"""Shows a folder where the studio runs, for those who do not start programs themselves."""

from infrastructure.opener import show

__all__ = ["show"]
