"""All repositories of all versions, bare and without files until one is checked out.

One store a repository, called by its whole address. Commits that a version needs are kept by refs of our own:
upstream may forget them.
"""

import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Generator, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path, PurePosixPath

from domain.errors import BadFile, CannotWrite, StudioError
from domain.events import Progress, finished, retold
from domain.versions.errors import NotInStore, Unresolved
from domain.versions.git_address import git_address
from infrastructure import commands
from infrastructure.commands import Done
from infrastructure.versions import git_program
from infrastructure.versions.git_login import login, login_if_set
from infrastructure.versions.locks import awaited

_COMMIT = re.compile(r"[0-9a-f]{40}")
_KEPT = "refs/studio"
# git does not fetch by itself then what is missing
_OFFLINE = {"GIT_ALLOW_PROTOCOL": "none"}
_UNKNOWN = ("couldn't find remote ref", "not our ref", "unadvertised object", "no such remote ref")


class GitStore:
    def __init__(self, folder: Path, is_offline: bool = False):
        self._folder = folder
        self._is_offline = is_offline

    def commit(self, repo: str, ref: str = "", commit: str = "") -> Generator[Progress, None, str]:
        """The commit that a ref is just now, or the default branch; a commit is what it is. It is in the
        store afterwards. Raises Unresolved, NotInStore."""
        if not commit:
            commit = yield from retold(self._resolved(repo, ref), lambda _: Progress(0.0, "asking"))
        yield from self.bring(repo, commit)
        return commit

    def bring(self, repo: str, commit: str) -> Generator[Progress, None, None]:
        """Fetched once. Raises Unresolved, NotInStore."""
        store = self._store(repo)
        with (yield from self._alone(repo)):
            if self.has(repo, commit):
                return
            if self._is_offline:
                raise NotInStore(f"{repo} at {commit[:12]} is not in the store, and nothing may be fetched.")
            login(repo)
            if not (store / "HEAD").is_file():
                self._made(store, repo)
            shallow = ["--depth=1", "--filter=blob:none"]
            done = yield from self._fetched(repo, *shallow, "origin", commit)
            if done.code and any(word in done.said for word in _UNKNOWN):
                # an old server hands out no commit by its name, only its branches
                everything = "+refs/*:refs/upstream/*"
                done = yield from self._fetched(repo, "--filter=blob:none", "origin", everything)
            if done.code:
                raise git_program.fault(repo, done)
            if not self.has(repo, commit):
                raise Unresolved(f"{repo} has no commit {commit} any more.")

    def _fetched(self, repo: str, *words: str) -> Generator[Progress, None, Done]:
        work = self._going(repo, "fetch", "--no-tags", *words)
        return (yield from retold(work, lambda _: Progress(0.0, "fetching")))

    def _alone(self, repo: str) -> Generator[Progress, None, ExitStack]:
        """For a `with`. What an earlier git that was killed has locked, nobody holds any more."""
        store = self._store(repo)
        with (yield from awaited(store.with_suffix(".lock"), f"the repository {repo}")) as lock:
            for left in (*store.glob("*.lock"), *(store / "refs").rglob("*.lock")):
                if not git_program.is_at_work(store):
                    left.unlink(missing_ok=True)
            return lock.pop_all()

    def keep(self, repo: str, commit: str, name: str) -> Generator[Progress, None, None]:
        """From now on the store does not forget it; `name` is who needs it."""
        ref = f"{_KEPT}/{name.replace('.', '_')}/{commit}"  # git takes no name with two dots or .lock in it
        with (yield from self._alone(repo)):
            self._done(repo, "update-ref", ref, commit)

    def kept(self, repo: str) -> dict[str, str]:
        """Refs and the commits they keep."""
        said = self._done(repo, "for-each-ref", "--format=%(refname) %(objectname)", _KEPT).out
        return dict(line.split(" ", 1) for line in said.splitlines())

    def tree(self, repo: str, commit: str) -> str:
        return self._done(repo, "rev-parse", "--verify", f"{commit}^{{tree}}").out.strip()

    def file(self, repo: str, commit: str, path: str) -> Generator[Progress, None, bytes | None]:
        """A file of a commit; None when there is none."""
        listed = self._done(repo, "ls-tree", "-z", commit, "--", path).out
        if " blob " not in listed:
            return None
        work = self._going(repo, "cat-file", "blob", f"{commit}:{path}")
        done = yield from retold(work, lambda _: Progress(0.0, f"fetching {path}"))
        if done.code:
            raise git_program.fault(repo, done)
        return done.out.encode()

    def left_out(self, repo: str, commit: str) -> Generator[Progress, None, list[str]]:
        """What a checkout of it lacks: submodules, and files that stand in for large ones (LFS)."""
        listed = self._done(repo, "ls-tree", "-r", "-z", commit).out.split("\0")
        found = [f"the submodule {line.partition(chr(9))[2]}" for line in listed if line.startswith("160000")]
        attributes = [line.partition("\t")[2] for line in listed if line.endswith(".gitattributes")]
        for path in attributes:
            if b"filter=lfs" in ((yield from self.file(repo, commit, path)) or b""):
                found.append(f"what {path} gives to Git LFS")
        return found

    def check_out(
        self, repo: str, commit: str, to: Path, like: Path | None = None
    ) -> Generator[Progress, None, None]:
        """All files of a commit into a new folder, without a .git of its own. `like` is one of the same
        repository, whose files are linked as far as they are the same; who changes one changes both, which
        `changes` sees in both."""
        to.mkdir(parents=True, exist_ok=True)
        index = index_of(to)
        if like and index_of(like).is_file():
            _link_all(like, to)
            shutil.copyfile(index_of(like), index)
        work = self._going(repo, "read-tree", "--reset", "-u", commit, to=to, index=index)
        done = yield from retold(work, lambda _: Progress(0.0, "fetching its files"))
        if done.code:
            index.unlink(missing_ok=True)
            raise git_program.fault(repo, done)

    def changes(self, repo: str, commit: str, at: Path, is_deep: bool = False) -> list[str]:
        """Paths in a checked out folder that are not as the commit has them, or are not in it. By time and
        size as far as nothing changed since it was checked out; `is_deep` reads all."""
        if not at.is_dir():
            return ["(the whole folder is gone)"]
        with _index(at, is_deep) as index:
            if is_deep or not index.is_file():
                self._done(repo, "read-tree", commit, to=at, index=index)
            self._git(repo, "update-index", "-q", "--refresh", to=at, index=index)
            differing = self._done(repo, "diff-index", "--name-only", "-z", commit, to=at, index=index)
            others = self._done(repo, "ls-files", "-o", "-z", to=at, index=index)
        found = [*differing.out.split("\0"), *others.out.split("\0")]
        return sorted({path for path in found if path and not _is_compiled(path)})

    def _resolved(self, repo: str, ref: str) -> Generator[None, None, str]:
        if self._is_offline:
            raise NotInStore(f"{repo} says no commit, and nothing may be asked. Name its commit.")
        wanted = (
            ["HEAD"] if not ref else [f"refs/tags/{ref}^{{}}", f"refs/tags/{ref}", f"refs/heads/{ref}", ref]
        )
        env = {**git_program.SURROUNDINGS, **login(repo)}
        asked = ["git", *git_program.settings(), "ls-remote", "--", git_address(repo).url]
        done = yield from commands.going(asked, env=env)
        if done.code:
            raise Unresolved(git_program.why(repo, done))
        told = {
            name: id for id, name in (line.split("\t", 1) for line in done.out.splitlines() if "\t" in line)
        }
        for name in wanted:
            if name in told and _COMMIT.fullmatch(told[name]):
                return told[name]
        raise Unresolved(f"{repo} has no branch or tag {ref}." if ref else f"{repo} is empty.")

    def folder_of(self, repo: str) -> Path:
        return self._store(repo)

    def has(self, repo: str, commit: str) -> bool:
        if not (self._store(repo) / "HEAD").is_file():
            return False
        return self._git(repo, "cat-file", "-e", f"{commit}^{{tree}}", env=_OFFLINE).code == 0

    def has_files(self, repo: str, commit: str) -> bool:
        """Whether it can be checked out without the network: what is fetched first is without files."""
        if not self.has(repo, commit):
            return False
        words = ("rev-list", "--objects", "--no-walk", "--missing=print", commit)  # and fetches none of them
        done = self._git(repo, *words)
        return done.code == 0 and "\n?" not in f"\n{done.out}"

    def _made(self, store: Path, repo: str) -> None:
        """Made beside and renamed: half a store would be taken for one."""
        store.parent.mkdir(parents=True, exist_ok=True)
        part = Path(tempfile.mkdtemp(prefix=f"{store.name}.", suffix=".part", dir=store.parent))
        try:
            for words in (
                ["init", "--bare", "--quiet", str(part)],
                ["-C", str(part), "remote", "add", "--", "origin", git_address(repo).url],
                ["-C", str(part), "config", "remote.origin.promisor", "true"],
                ["-C", str(part), "config", "remote.origin.partialclonefilter", "blob:none"],
            ):
                done = commands.run(["git", *git_program.settings(), *words], env=git_program.SURROUNDINGS)
                if done.code:
                    raise CannotWrite(f"{store} cannot be made: {done.last_words}.")
            part.rename(store)
        finally:
            shutil.rmtree(part, ignore_errors=True)

    def _store(self, repo: str) -> Path:
        return self._folder / f"{hashlib.sha256(repo.encode()).hexdigest()[:16]}.git"

    def _done(self, repo: str, *words: str, to: Path | None = None, index: Path | None = None) -> Done:
        """Raises BadFile."""
        done = self._git(repo, *words, to=to, index=index)
        if done.code:
            if git_program.is_full(done):
                raise git_program.fault(repo, done)
            raise BadFile(f"The store of {repo} does not answer: {done.last_words}.")
        return done

    def _git(
        self,
        repo: str,
        *words: str,
        to: Path | None = None,
        index: Path | None = None,
        env: Mapping[str, str] | None = None,
    ) -> Done:
        return finished(self._going(repo, *words, to=to, index=index, env=env))

    def _going(
        self,
        repo: str,
        *words: str,
        to: Path | None = None,
        index: Path | None = None,
        env: Mapping[str, str] | None = None,
    ) -> Generator[None, None, Done]:
        more = {**git_program.SURROUNDINGS, **login_if_set(repo), **(env or {})}
        if self._is_offline:
            more.update(_OFFLINE)
        if index:
            more["GIT_INDEX_FILE"] = str(index.absolute())
        place = ["--git-dir", str(self._store(repo).absolute())]
        if to:
            place += ["--work-tree", str(to.absolute())]
        try:
            command = ["git", *git_program.settings(), *place, *words]
            return (yield from commands.going(command, folder=to, env=more))
        except FileNotFoundError as error:
            raise StudioError("git is not installed. Install it, and run this again.") from error


def index_of(at: Path) -> Path:
    """Git's own note of what was checked out there, beside the folder."""
    return at.with_name(f".{at.name}.index")


def _link_all(folder: Path, to: Path) -> None:
    for top, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name != "__pycache__"]
        place = to / Path(top).relative_to(folder)
        place.mkdir(exist_ok=True)
        for name in names:
            source = Path(top, name)
            with suppress(OSError):  # this disk has no links, or no more of them: git writes the file
                if not source.is_symlink():
                    os.link(source, place / name)


@contextmanager
def _index(at: Path, is_deep: bool) -> Iterator[Path]:
    """One that knows nothing yet, or a copy of the one that was left: two may look at once."""
    with tempfile.TemporaryDirectory() as folder:
        index, left = Path(folder) / "index", index_of(at)
        if not is_deep and left.is_file():
            shutil.copyfile(left, index)
        yield index


def _is_compiled(path: str) -> bool:
    return path.endswith(".pyc") or "__pycache__" in PurePosixPath(path).parts
