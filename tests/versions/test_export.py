"""version export on the command line: the file alone on stdout, and refused when it would be old."""

import json
import os
import subprocess

import pytest

import main
from commands import parser


@pytest.fixture
def told(keeper, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    places = ["--versions", str(keeper.shelf.folders[0]), "--store", str(keeper.store.folder)]

    def run(*words):
        code = main.main(["version", *map(str, words), *places])
        return code, *capsys.readouterr()

    return run


def test_what_is_printed_is_the_file_alone(keeper, told):
    keeper.resolve()
    code, out, said = told("export", "film-a", "--as", "yaml")
    assert code == 0 and out.startswith("# Models of film-a") and not said
    code, answer, _ = told("export", "film-a", "--as", "yaml", "--json")
    assert json.loads(answer) == {"version_id": "film-a", "as": "yaml", "text": out}


@pytest.mark.parametrize("form", ["pod", "models"])
def test_a_script_may_be_carried_out(keeper, told, tmp_path, form):
    keeper.resolve()
    to = tmp_path / "there" / "start.sh"
    code, out, _ = told("export", "film-a", "--as", form, "--output", to, "--json")
    assert code == 0 and json.loads(out) == {"version_id": "film-a", "as": form, "file": str(to)}
    assert os.access(to, os.X_OK) and "\r" not in to.read_text()
    assert subprocess.run(["bash", "-n", to], capture_output=True).returncode == 0


def test_the_closure_stands_in_it_once_it_is_known(keeper, told):
    keeper.resolve()
    assert "closure=" not in told("export", "film-a", "--as", "dockerfile")[1]
    closure = keeper.realize().realization.closure
    assert f'cindergrace.closure="{closure}"' in told("export", "film-a", "--as", "dockerfile")[1]
    assert f"closure={closure}" in told("export", "film-a", "--as", "pod")[1]
    base = "example.org/worker@sha256:" + "0" * 64
    assert f"ARG BASE={base}" in told("export", "film-a", "--as", "dockerfile", "--base", base)[1]


def test_a_spec_that_changed_is_resolved_first(keeper, told):
    keeper.version()
    code, out, said = told("export", "film-a", "--as", "pod")
    assert (code, out) == (2, "") and "is not resolved yet" in said
    keeper.resolve()
    keeper.version(env={"A": "1"})
    code, out, said = told("export", "film-a", "--as", "pod")
    assert (code, out) == (2, "") and "was changed since it was resolved" in said


def test_models_of_this_machine_are_not_baked(keeper, told, tmp_path):
    (tmp_path / "mine.pt").write_bytes(b"mine")
    keeper.resolve(models=[{"source": str(tmp_path / "mine.pt"), "target_subdir": "loras"}])
    assert told("export", "film-a", "--as", "dockerfile")[0] == 0
    code, _, said = told("export", "film-a", "--as", "dockerfile", "--bake-models")
    assert code == 2 and "models/loras/mine.pt comes from no address in the web" in said


def steps():
    (commands,) = [action.choices for action in parser()._actions if isinstance(action.choices, dict)]
    (found,) = [a.choices for a in commands["version"]._actions if isinstance(a.choices, dict)]
    return found


@pytest.mark.parametrize("step", steps())
def test_the_help_of_every_step_shows_an_example(step):
    assert f"example: python main.py version {step}" in steps()[step].format_help()
