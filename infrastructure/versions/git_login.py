"""Who asks for a repository: from variables, by git's surroundings. Its command line, which everybody on this
machine may list, its configuration and its log never have it.
"""

import base64
import os

from domain.errors import BadFile
from domain.versions.git_address import git_address
from domain.versions.variables import filled


def login(repo: str) -> dict[str, str]:
    """Variables for git. A header for that host alone, which does not go where it sends us on to. Raises
    BadFile when a variable is not set."""
    address = git_address(repo)
    if not address.login:
        return {}
    words = filled(address.login, os.environ, repo)
    value = base64.b64encode(words.encode()).decode()
    there = os.environ.get("GIT_CONFIG_COUNT", "")
    number = int(there) if there.isdecimal() else 0  # what somebody set so stays
    return {
        "GIT_CONFIG_COUNT": str(number + 1),
        f"GIT_CONFIG_KEY_{number}": f"http.{address.host}.extraHeader",
        f"GIT_CONFIG_VALUE_{number}": f"Authorization: Basic {value}",
    }


def login_if_set(repo: str) -> dict[str, str]:
    """For what most often asks nobody."""
    try:
        return login(repo)
    except BadFile:
        return {}
