"""A user who has nothing yet, a project that a render has made, and a comic's script."""

import shutil

import pytest

import main
from tests.commands.typing import SCRIPT, WORKFLOWS, board, typed


@pytest.fixture(autouse=True)
def home(home):
    """Every command is typed by a user who has nothing yet."""
    return home


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A board and the project that a render made of it, with what the command said."""
    folder = tmp_path_factory.mktemp("finished")
    board(folder)
    said = typed(folder, "render", "board.json", "--json", *WORKFLOWS)
    assert said.returncode == 0, said.stderr
    return folder, said


@pytest.fixture
def project(finished, tmp_path):
    folder = tmp_path / "work"
    shutil.copytree(finished[0], folder)
    return folder


@pytest.fixture
def told(tmp_path, monkeypatch, capsys):
    """The same without a process of its own: code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)

    def run(*words):
        try:
            code = main.main([str(word) for word in words])
        except SystemExit as end:
            code = end.code
        return code, *capsys.readouterr()

    return run


@pytest.fixture
def script(tmp_path):
    (tmp_path / "дощ.txt").write_text(SCRIPT, "utf-8")
    return tmp_path / "дощ.txt"
