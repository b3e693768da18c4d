"""What is there already becomes a spec, and what cannot come along is told by its name."""

import hashlib
import json
import subprocess

import pytest
import yaml

import main
from domain.errors import BadFile
from domain.versions import foreign, spec
from services.versions import keeping
from tests.versions.world import Repository

COMMIT, OTHER = "c" * 40, "d" * 40
URL = "https://example.org/vhs.git"
MANAGER = {
    "comfyui": COMMIT,
    "git_custom_nodes": {
        URL: {"hash": OTHER, "disabled": False},
        "https://example.org/old.git": {"hash": OTHER, "disabled": True},
    },
    "cnr_custom_nodes": {"impact-pack": "8.22.0"},
    "file_custom_nodes": [{"filename": "mine.py", "disabled": False}],
    "pips": {"numpy==2.0": "", "mine": "https://example.org/mine.whl"},
}
PACK = {
    "python": "3.12",
    "comfyui": COMMIT,
    "custom_nodes": [
        {"url": URL, "commit_hash": OTHER, "disabled": False},
        {"url": "", "commit_hash": "", "disabled": False},
    ],
    "models": [
        {
            "filename": "models\\loras\\a.pt",
            "size": 3,
            "sha256": "ab" * 32,
            "source": {"download_url": "https://example.org/a.pt"},
        },
        {"filename": "models/vae/b.pt", "size": 3, "sha256": "cd" * 32, "source": {}},
        {"filename": "models/vae/c.pt", "sha256": None, "disabled": True},
    ],
}
BUILD = {
    "schema": "comfy-build/1",
    "id": None,
    "name": "Film",
    "description": "",
    "syncedRevision": None,
    "definition": {
        "schema": "distribution-definition/0",
        "baseComfyVersion": "0.33.0",
        "baseImage": "cuda130-py312",
        "customNodes": [
            {"name": "vhs", "repository": URL, "gitRef": OTHER},
            {"name": "Impact", "id": "impact-pack", "registryVersion": "8.22.0"},
            {"name": "own", "localPath": "own"},
        ],
        "models": [
            {"type": "loras", "filename": "a.pt", "sha256": "ab" * 32, "sourceUri": "https://example.org/1"},
            {"type": "vae", "filename": "b.pt", "blobId": "7"},
        ],
        "pipDependencies": "# frozen\nnumpy==2.0 \\\n    --hash=sha256:aa\n-e .\n",
    },
}
LEFT = {
    "ComfyUI-Manager snapshot": [
        "https://example.org/old.git is disabled",
        "impact-pack 8.22.0 is of the registry, and no repository is told",
        "mine.py is a single file",
    ],
    "comfy-pack snapshot": [
        "custom_nodes[1] has no repository",
        f"vae/b.pt has no address; its sha256 is {'cd' * 32}",
        "models/vae/c.pt is disabled",
        "Python 3.12: resolve with --python 3.12",
    ],
    "comfy-cli comfy-build/1": [
        "Impact is of the registry, and no repository is told",
        "own is in a folder of its own, and no repository is told",
        "vae/b.pt has no address",
        "baseImage has no place in a spec",
    ],
}


def read(content, with_packages=False):
    return spec.read(foreign.read(content).spec("film-a", "https://example.org/ComfyUI.git", with_packages))


@pytest.mark.parametrize("content", [MANAGER, PACK, BUILD], ids=lambda c: foreign.read(c).format)
def test_a_file_of_another_tool_becomes_a_spec(content):
    taken, found = foreign.read(content), read(content)
    assert taken.left == LEFT[taken.format]
    assert (found.comfy.commit, found.comfy.ref) == (("", "v0.33.0") if content is BUILD else (COMMIT, ""))
    assert [(node.name, node.repo, node.commit) for node in found.nodes] == [("vhs", URL, OTHER)]
    models = [(model.target, model.checksum) for model in found.models]
    assert models == ([] if content is MANAGER else [("loras/a.pt", "ab" * 32)])
    assert found.packages == ()


def test_packages_come_along_when_somebody_wants_them():
    assert read(MANAGER, True).packages == ("numpy==2.0", "mine @ https://example.org/mine.whl")
    assert read(BUILD, True).packages == ("numpy==2.0",)


REFUSED = [
    ([], "The file must hold an object"),
    ({"a": 1}, "This is no file of a kind that is known"),
    ({"schema_version": 2}, "This is a spec already"),
    ({**MANAGER, "comfyui": None}, "comfyui is missing"),
    ({**MANAGER, "git_custom_nodes": []}, "git_custom_nodes must be an object"),
    ({**MANAGER, "git_custom_nodes": {URL: {"hash": 7}}}, f"git_custom_nodes.{URL}.hash must be a text"),
    ({**PACK, "models": [{"filename": 7}]}, "models[0].filename must be a text"),
    ({**PACK, "models": [{"filename": "models/x.pt", "source": "y"}]}, "models[0].source must be an object"),
    ({**BUILD, "definition": {}}, "definition.baseComfyVersion is missing"),
    ({**BUILD, "definition": None}, "definition is missing"),
]


@pytest.mark.parametrize(("wrong", "told"), REFUSED, ids=[told for _, told in REFUSED])
def test_what_is_wrong_in_it_is_told_by_its_place(wrong, told):
    with pytest.raises(BadFile) as refused:
        foreign.read(wrong)
    assert str(refused.value).startswith(told)


@pytest.fixture
def told(tmp_path, monkeypatch, capsys):
    """A command's code, its answer and what it said."""
    monkeypatch.chdir(tmp_path)

    def run(*words):
        code = main.main(["version", *map(str, words), "--json", "--versions", str(tmp_path / "versions")])
        out, said = capsys.readouterr()
        return code, json.loads(out) if out else None, said

    return run


def test_import_says_what_it_took_the_file_for_and_what_stayed_behind(told, tmp_path):
    (tmp_path / "my snapshot.json").write_text(json.dumps(MANAGER))
    code, answer, said = told("import", "my snapshot.json")
    assert (code, answer["version_id"]) == (0, "my-snapshot")
    assert "is taken for a ComfyUI-Manager snapshot" in said
    assert "left out: impact-pack 8.22.0" in said and "--pips takes over: numpy==2.0" in said
    assert told("validate", "my-snapshot")[0] == 0
    assert told("import", "my snapshot.json")[0] == 2  # one stands there


def test_yaml_is_read_as_well(told, tmp_path):
    (tmp_path / "comfy-build.yaml").write_text(yaml.safe_dump(BUILD))
    assert told("import", "comfy-build.yaml", "--id", "film-a", "--pips")[0] == 0
    written = json.loads((tmp_path / "versions" / "film-a.json").read_text())
    assert written["python_packages"] == ["numpy==2.0"]
    (tmp_path / "bad.yaml").write_text("a: [")
    code, _, said = told("import", "bad.yaml")
    assert code == 2 and "bad.yaml is not valid YAML" in said


def test_what_is_exported_is_imported_as_the_same(keeper, told, tmp_path):
    lock = keeper.resolve().needed_lock()
    words = ("--as", "snapshot", "--output", tmp_path / "snapshot.json")
    assert told("export", "film-a", *words)[0] == 0
    assert told("import", "snapshot.json", "--id", "film-b", "--repo", lock.comfy.repo)[0] == 0
    again = keeper.resolve("film-b").needed_lock()
    assert (again.comfy, again.nodes, again.requirements) == (lock.comfy, lock.nodes, lock.requirements)


@pytest.fixture
def installed(world, tmp_path):
    """ComfyUI as an artist has it: clones, a node of the registry, models, a change."""
    folder = tmp_path / "installed"
    world.comfy.commit({"models/configs/v1.yaml": "a: 1\n", "custom_nodes/sample.py": "\n"}, "v3")
    for repository, to in ((world.comfy, folder), (world.alpha, folder / "custom_nodes" / "alpha")):
        subprocess.run(["git", "clone", "--quiet", repository.url, to], check=True)
    registry = folder / "custom_nodes" / "impact"
    registry.mkdir()
    (registry / "pyproject.toml").write_text(
        '[project]\nname = "impact"\n[project.urls]\nRepository = "https://example.org/impact"\n'
    )
    (folder / "custom_nodes" / "mine.py").write_text("\n")
    (folder / "custom_nodes" / "old.disabled").mkdir()
    (folder / "custom_nodes" / ".disabled" / "older").mkdir(parents=True)
    for name in ("loras/a.pt", "loras/put_loras_here", "loose.pt", "vae/.hidden"):
        (folder / "models" / name).parent.mkdir(exist_ok=True)
        (folder / "models" / name).write_text(name)
    (folder / "main.py").write_text("changed\n")
    return folder


def test_a_folder_becomes_a_spec_that_makes_the_same(installed, told, world, keeper, tmp_path):
    code, _, said = told("create", "mine", "--from-folder", installed)
    assert code == 0
    found = keeper.shelf.version("mine").spec
    assert (found.comfy.repo, [node.name for node in found.nodes]) == (world.comfy.url, ["alpha"])
    head = subprocess.run(["git", "-C", installed, "rev-parse", "HEAD"], capture_output=True, text=True)
    assert found.comfy.commit == head.stdout.strip()
    (model,) = found.models
    assert model.target == "loras/a.pt"
    assert model.checksum == hashlib.sha256(b"loras/a.pt").hexdigest()
    for line in (
        "ComfyUI was changed, and no commit has that: main.py",
        "left out: impact, which is no clone of a repository; it says of itself that it is of "
        "https://example.org/impact",
        "left out: mine.py, a single file",
        "left out: old.disabled, which is disabled",
        "left out: older, which is disabled",
        "left out: loose.pt must name a folder as well",
        "1 models have files of this machine as their source",
    ):
        assert line in said
    assert "sample.py" not in said  # ComfyUI's own
    build = keeper.realize("mine").build
    assert (build.models / "loras" / "a.pt").read_text() == "loras/a.pt"
    assert (build.comfy / "main.py").read_text() != "changed\n"


def test_a_commit_that_nobody_else_has_is_told(installed, told, world):
    mine = installed / "custom_nodes" / "alpha"
    who = ["-c", "user.name=Tests", "-c", "user.email=tests@example.org"]
    subprocess.run(["git", *who, "-C", mine, "commit", "--quiet", "--allow-empty", "-m", "x"], check=True)
    code, _, said = told("create", "mine", "--from-folder", installed)
    assert code == 0 and f"which no branch of {world.alpha.url} has" in said


def test_a_token_in_a_clones_address_does_not_come_along(installed, told, tmp_path):
    mine = installed / "custom_nodes" / "alpha"
    address = "https://me:secret@example.org/alpha.git"
    subprocess.run(["git", "-C", mine, "remote", "set-url", "origin", address], check=True)
    assert told("create", "mine", "--from-folder", installed)[0] == 0
    text = (tmp_path / "versions" / "mine.json").read_text()
    assert "secret" not in text and "https://example.org/alpha.git" in text


def test_a_folder_without_git_is_its_release_or_is_asked_for_its_commit(told, tmp_path, world):
    folder = tmp_path / "portable"
    folder.mkdir()
    code, _, said = told("create", "mine", "--from-folder", folder)
    assert code == 2 and "it has no main.py" in said
    (folder / "main.py").write_text("")
    code, _, said = told("create", "mine", "--from-folder", folder)
    assert code == 2 and f"version create ID --repo URL@ref --from-folder {folder}" in said
    assert told("create", "mine", "--from-folder", folder, "--repo", f"{world.comfy.url}@v1")[0] == 0
    for own in ("models/configs/v1.yaml", "custom_nodes/websocket_image_save.py"):
        (folder / own).parent.mkdir(parents=True, exist_ok=True)
        (folder / own).write_text("a: 1")
    (folder / "comfyui_version.py").write_text('# made by a script\n__version__ = "0.3.76"\n')
    code, _, said = told("create", "unpacked", "--from-folder", folder)
    assert code == 0 and "taken for the release v0.3.76 as it was published" in said
    comfy = json.loads((tmp_path / "versions" / "unpacked.json").read_text())["comfy"]
    assert comfy == {"repo": keeping.COMFY, "ref": "v0.3.76"}
    assert "websocket_image_save" not in said and "source" not in said


def test_models_may_be_somewhere_else(installed, told, keeper, tmp_path):
    there = tmp_path / "shared"
    (there / "loras").mkdir(parents=True)
    (there / "loras" / "b.pt").write_text("b")
    (there / "loras" / "round").symlink_to(there)
    (there / "loras" / "self").symlink_to(there / "loras")
    assert told("create", "mine", "--from-folder", installed, "--models-root", there)[0] == 0
    assert [model.target for model in keeper.shelf.version("mine").spec.models] == ["loras/b.pt"]


def test_a_running_server_tells_its_release_and_what_it_cannot_tell(told, fake, keeper):
    code, _, said = told("create", "mine", "--from-running", fake.url, "--nodes", URL)
    assert code == 0
    found = keeper.shelf.version("mine").spec
    assert found.comfy.ref.startswith("v") and [node.name for node in found.nodes] == ["vhs"]
    assert "not its commit, models and packages" in said
    assert told("create", "other", "--from-running", "http://127.0.0.1:9")[0] == 3


def test_nothing_of_a_second_name_slips_in(installed, told, world, tmp_path):
    other = Repository(tmp_path / "elsewhere" / "alpha")
    other.commit({"__init__.py": ""})
    code, _, said = told("create", "mine", "--from-folder", installed, "--nodes", other.url)
    assert code == 2 and "custom_nodes[1] has the same name" in said


def test_files_that_no_commit_has_are_told(installed, told):
    """They would be missing in the version, and nobody would know why."""
    alpha = installed / "custom_nodes" / "alpha"
    (alpha / "my_own.py").write_text("mine\n")
    (alpha / "__pycache__").mkdir()
    (alpha / "__pycache__" / "my_own.cpython-311.pyc").write_bytes(b"0")
    (alpha / ".gitignore").write_text("cache/\n.gitignore\n")
    (alpha / "cache").mkdir()
    (alpha / "cache" / "downloaded.bin").write_bytes(b"0")
    (installed / "comfy_extras_of_mine.py").write_text("mine\n")
    (installed / "output").mkdir()
    (installed / "output" / "picture.png").write_bytes(b"0")
    code, _, error = told("create", "film-n", "--from-folder", installed)
    assert code == 0
    assert "alpha was changed, and no commit has that: my_own.py\n" in error
    assert "ComfyUI was changed, and no commit has that: main.py, comfy_extras_of_mine.py\n" in error
