"""The commands of versions as somebody types them: exit codes, what stands on stdout, what is written."""

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import main
from tests.folders import everything
from tests.versions.world import World

MAIN = Path(main.__file__)
ENDING = "import sys\nprint('hello from ComfyUI', sys.argv[-2:])\nsys.exit(7)\n"


@pytest.fixture
def places(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("STUDIO_STORE", str(tmp_path / "store"))
    (tmp_path / "versions").mkdir()
    return tmp_path


@pytest.fixture
def typed(places, capfd):
    """Returns exit code, stdout, stderr of `main.py version …`."""
    before = signal.getsignal(signal.SIGTERM)

    def run(*words):
        try:
            code = main.main(["version", *map(str, words)])
        except SystemExit as stop:  # argparse
            code = stop.code
        out, error = capfd.readouterr()
        assert "Traceback" not in error
        return code, out, error

    yield run
    signal.signal(signal.SIGTERM, before)


@pytest.fixture
def of_world(typed, world: World, places):
    world.write(places / "versions")
    return typed


def one_object(out):
    assert out.count("\n") == 1, out
    return json.loads(out)


def test_from_a_spec_to_a_verified_version(of_world, places):
    code, out, error = of_world("validate", "film-a", "--json")
    assert (code, one_object(out)["is_resolved"]) == (0, False)
    code, out, error = of_world("realize", "film-a", "--dry-run")
    assert code == 2 and "version resolve film-a" in error and not (places / "store").exists()
    code, out, error = of_world("resolve", "film-a", "--json")
    assert code == 0 and Path(one_object(out)["lock"]).is_file()
    before = everything(places)
    code, out, error = of_world("realize", "film-a", "--dry-run", "--json")
    assert code == 0 and one_object(out)["models"] == ["loras/style.safetensors"]
    assert everything(places) == before
    code, out, error = of_world("realize", "film-a", "--json", "--workflow", "none")
    assert code == 2 and not out  # no such workflow
    code, out, error = of_world("realize", "film-a", "--no-probe", "--json")
    made = one_object(out)
    assert code == 0 and made["is_new"] and "%" not in out
    code, out, error = of_world("verify", "film-a", "--deep", "--json")
    assert code == 0 and one_object(out)["closure"] == made["closure"]
    code, out, error = of_world("probe", "film-a", "--json")
    assert (code, out) == (1, "") and "needs" in error  # of what the workflows we ship need
    code, out, error = of_world("status", "--json")
    assert code == 0 and one_object(out)["versions"][0]["state"] == "realized"
    (Path(made["folder"]) / "ComfyUI" / "data.txt").write_text("changed")
    code, out, error = of_world("verify", "film-a", "--json")
    assert (code, out) == (1, "") and "  ComfyUI/data.txt\n" in error
    code, out, error = of_world("gc", "--dry-run", "--json")
    assert (code, one_object(out)["gone"]) == (0, [])


def test_a_branch_in_place_of_a_commit_is_a_bad_spec(typed, world, places):
    world.write(places / "versions", comfy={"repo": world.comfy.url, "commit": "main"})
    code, out, error = typed("validate", "film-a")
    assert (code, out) == (2, "") and "comfy.commit must be 40 hex digits" in error


@pytest.mark.parametrize(
    "words",
    [
        ("validate", "nobody"),
        ("verify", "nobody"),
        ("run-ui", "nobody"),
        ("diff", "nobody", "no-one"),
        ("validate", "a/b/c.json"),
        ("realize", "../x y"),
        ("clone", "nobody", "film-b"),
        ("what",),
        (),
    ],
)
def test_what_is_not_there_or_not_known_is_2(typed, words):
    code, out, error = typed(*words)
    assert (code, out) == (2, "") and error


def test_what_the_network_does_not_give_is_3(typed, world, places):
    world.write(places / "versions", comfy={"repo": world.comfy.url, "ref": "v9"})
    code, out, error = typed("resolve", "film-a", "--json")
    assert (code, out) == (3, "") and "has no branch or tag v9" in error
    world.beta.commit({"requirements.txt": "greeting==2.0\n"})
    world.write(places / "versions", custom_nodes=[{"repo": world.beta.url}])
    code, out, error = typed("realize", "film-a")
    assert code == 3 and "ComfyUI and beta do not go together" in error


def test_what_is_not_in_the_store_is_4_when_nothing_may_be_fetched(of_world, world, places):
    code, out, error = of_world("resolve", "film-a", "--offline")
    assert (code, out) == (4, "") and "says no commit" in error
    assert of_world("resolve", "film-a")[0] == 0
    code, out, error = of_world("realize", "film-a", "--offline", "--no-probe")
    assert code == 4 and "not in the store" in error


def test_a_spec_that_says_offline_fetches_nothing(typed, world, places):
    comfy = {"repo": world.comfy.url, "ref": "v1"}
    world.write(places / "versions", comfy=comfy)
    typed("resolve", "film-a")
    lock = places / "versions" / "film-a.lock.json"
    world.write(places / "versions", comfy=comfy, options={"offline": True})
    code, _, _ = typed("realize", "film-a", "--no-probe")
    assert code == 4 and world.host.asked["/style.safetensors"] == 0 and lock.is_file()


def test_a_model_that_is_something_else_is_1(of_world, world):
    assert of_world("resolve", "film-a")[0] == 0
    world.host.files["/style.safetensors"] = b"other" * 200_000
    code, out, error = of_world("realize", "film-a", "--json", "--no-probe")
    assert (code, out) == (1, "") and "is not what the lock says" in error


@pytest.mark.parametrize("text", ["{", "[]", '{"lock_version": 1}', '{"lock_version": 9}', "\x00"])
def test_a_lock_that_is_none_is_2(of_world, places, text):
    (places / "versions" / "film-a.lock.json").write_text(text)
    for words in (("verify", "film-a"), ("validate", "film-a"), ("diff", "film-a", "film-a")):
        code, out, error = of_world(*words)
        assert (code, out) == (2, "") and error.count("\n") == 1


def test_create_and_clone_write_over_nothing(typed, places):
    code, out, _ = typed("create", "film-b", "--repo", "https://example.org/x.git@v1", "--json")
    spec = Path(one_object(out)["spec"])
    assert code == 0 and json.loads(spec.read_text())["comfy"]["ref"] == "v1"
    before = spec.read_bytes()
    assert typed("create", "film-b", "--repo", "https://example.org/y.git")[0] == 2
    assert spec.read_bytes() == before
    assert typed("clone", "film-b", "film-c")[0] == 0
    assert typed("clone", "film-b", "film-c")[0] == 2
    assert typed("clone", spec, "film-c", "--force")[0] == 0
    assert typed("clone", "film-b", "../up")[0] == 2
    assert typed("create", "film-b", "--repo", "https://example.org/y.git", "--force")[0] == 0
    assert spec.read_bytes() != before


def test_diff_says_what_differs(of_world, world, places):
    world.write(places / "versions", version_id="film-b", comfy={"repo": world.comfy.url, "ref": "v2"})
    assert of_world("resolve", "film-a")[0] == of_world("resolve", "film-b")[0] == 0
    assert of_world("diff", "film-a", "film-a", "--json")[0] == 0
    code, out, _ = of_world("diff", "film-a", "film-b", "--json")
    assert code == 1 and one_object(out)["is_equal"] is False


def test_delete_of_what_is_not_there_is_done(typed):
    code, out, _ = typed("delete", "nobody", "--json")
    assert (code, one_object(out)["version_id"]) == (0, "nobody")
    assert typed("delete", "nobody", "--remove-spec")[0] == 0
    assert typed("delete", "./")[0] == 2


def test_run_ui_ends_as_comfyui_does_and_hands_on_what_is_for_it(typed, world, places):
    world.comfy.commit({"main.py": ENDING})
    world.write(places / "versions", comfy={"repo": world.comfy.url})
    assert typed("realize", "film-a", "--no-probe")[0] == 0
    code, out, error = typed("run-ui", "film-a", "--port", "8200", "--extra-args", "--", "--fast", "yes")
    assert (code, out) == (7, "") and "['--fast', 'yes']" in error
    code, out, error = typed("run-ui", "film-a", "--json")
    assert (code, one_object(out)) == (7, {"exit_code": 7})
    world.comfy.commit({"main.py": "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n"})
    assert typed("resolve", "film-a")[0] == typed("realize", "film-a", "--no-probe")[0] == 0
    assert typed("run-ui", "film-a")[0] == 128 + signal.SIGKILL


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_is_130_and_goes_on(of_world, world, places, number):
    assert of_world("resolve", "film-a")[0] == 0
    world.host.pause = 0.2
    words = [sys.executable, str(MAIN), "version", "realize", "film-a", "--no-probe", "--json"]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    for _ in range(600):
        if world.host.asked["/style.safetensors"]:
            break
        threading.Event().wait(0.05)
    os.kill(process.pid, number)
    out, error = process.communicate(timeout=90)
    assert (process.returncode, out) == (130, ""), error
    assert "goes on from here" in error and "Traceback" not in error
    assert not list((places / "store").rglob("blob"))
    world.host.pause = 0.0
    assert of_world("realize", "film-a", "--no-probe")[0] == 0
    assert of_world("verify", "film-a", "--deep")[0] == 0
    assert world.host.sent < 2 * len(world.host.files["/style.safetensors"])


STEPS = ["create", "validate", "resolve", "realize", "run-ui", "verify", "probe", "reproduce", "clone"]
STEPS += ["delete", "diff", "status", "gc", "verify-models", "run-handler", "baseline"]


@pytest.mark.parametrize("step", STEPS)
def test_every_step_shows_an_example_and_its_exit_codes(typed, step):
    code, out, _ = typed(step, "--help")
    assert code == 0 and f"example: python main.py version {step}" in out and "exit codes:" in out


def test_ids_that_are_one_folder_on_some_disks_are_refused(typed, places):
    words = ("--repo", "https://example.org/x.git@v1")
    code, out, _ = typed("create", "Film-A", *words, "--json")
    assert code == 0
    spec = one_object(out)["spec"]
    for asked in (
        ("create", "film-a", *words),
        ("create", "film-a", *words, "--force"),
        ("create", "film-a", *words, "--output", "elsewhere.json"),
        ("clone", "Film-A", "FILM-A"),
    ):
        code, out, error = typed(*asked)
        assert (code, out) == (2, "") and "differs from Film-A in capitals alone" in error, asked
    assert not Path("elsewhere.json").exists()
    assert typed("validate", "Film-A")[0] == 0
    other = json.loads(Path(spec).read_text())
    given = places / "versions" / "given.json"
    given.write_text(json.dumps({**other, "version_id": "film-a"}))
    code, _, error = typed("validate", "versions/given.json")
    assert code == 2 and "film-a differs from Film-A in capitals alone" in error
    given.unlink()
    assert typed("create", "Film-A", *words, "--force")[0] == 0


def test_an_id_that_is_realized_is_not_taken_by_another_in_other_capitals(typed, places):
    (places / "store" / "builds" / "Film-A").mkdir(parents=True)
    code, _, error = typed("create", "film-a", "--repo", "https://example.org/x.git@v1")
    assert code == 2 and "differs from Film-A in capitals alone" in error
