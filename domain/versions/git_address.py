"""A repository's address whose password, or whose user, is `${NAME}`: git is told the address without it."""

from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from domain.versions.variables import VARIABLE


@dataclass(frozen=True)
class GitAddress:
    url: str  # for git: without who asks when that is a variable's value
    host: str = ""  # "https://example.org:8443/", that the login is for
    login: str = ""  # "name:${TOKEN}"

    @property
    def variables(self) -> tuple[str, ...]:
        return tuple(VARIABLE.findall(self.login))


def git_address(repo: str) -> GitAddress:
    parts = urlsplit(repo)
    user, mark, place = parts.netloc.rpartition("@")
    if not mark or not VARIABLE.search(user):
        return GitAddress(repo)
    name, _, password = user.partition(":")
    login = f"{unquote(name)}:{unquote(password)}"
    return GitAddress(parts._replace(netloc=place).geturl(), f"{parts.scheme}://{place}/", login)


def has_variable_elsewhere(repo: str) -> bool:
    """Where git would be told the value, and tell it to everybody who lists processes."""
    address = git_address(repo)
    is_web = address.host.startswith(("http://", "https://"))
    return bool(VARIABLE.search(address.url) or (address.login and not is_web))
