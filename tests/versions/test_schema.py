"""What editors say of a spec is what the studio says of it, as far as a schema can know."""

from pathlib import Path

import pytest

from domain.versions import spec
from infrastructure.json_files import read_json
from infrastructure.workflow_files import WorkflowFolder
from tests.versions.schema import accepts
from tests.versions.test_spec import COMMIT, HEX, REFUSED, content, model

ROOT = Path(__file__).parent.parent.parent
SHIPPED = [file for file in ROOT.glob("versions/*.json") if not file.name.endswith(".lock.json")]
BEYOND = "custom_nodes[1] has the same name"  # no schema compares what is made of an address
TAKEN = [
    content(),
    content(**{"$schema": "../config/version.schema.json"}),
    content(custom_nodes=None, models=None, python_packages=None, env=None, options=None),
    content(comfy={"repo": "git@example.org:x.git", "commit": f" {COMMIT.upper()} ", "ref": None}),
    content(comfy={"repo": "ssh://git@example.org/x.git", "ref": "feature/a", "target_dir": "x"}),
    content(env={"HF_TOKEN": "${HF_TOKEN}", "A": 1.5, "B": True}),
    content(options={"offline": 0, "skip_models": "True"}),
    model(target_path="$MODELS_DIR/loras/x.safetensors"),
    model(path="$COMFY_HOME/models/vae/x.pt", checksum=f"SHA256:{HEX.upper()}"),
    model(target_path="loras/a..b/x y.pt", checksum=""),
    model(name="loras/x.pt"),
    model(source="https://example.org/a.pt?token=${TOKEN}", target_subdir="vae", checksum=f"md5:{HEX[:32]}"),
    model(source="civitai://models/12", target_path="loras/x.pt"),
    model(source="civitai://models/12", target_subdir="loras", name="x.pt"),
]


@pytest.mark.parametrize("taken", TAKEN)
def test_what_is_read_is_accepted(taken):
    assert spec.read(taken) and accepts(taken)
    written = spec.as_json(spec.read(taken))
    assert accepts(written)


@pytest.mark.parametrize(("wrong", "told"), REFUSED, ids=[told for _, told in REFUSED])
def test_what_is_refused_is_refused_there_as_well(wrong, told):
    assert accepts(wrong) == told.startswith(BEYOND)


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.name)
def test_every_spec_that_is_shipped_is_one(file):
    shipped = read_json(file)
    found = spec.read(shipped)
    assert accepts(shipped) and not found.advice
    assert found.id == file.stem
    assert (file.parent / shipped["$schema"]).samefile(ROOT / "config" / "version.schema.json")


def test_the_example_has_the_models_that_its_workflows_ask_for():
    example = spec.read(read_json(ROOT / "versions" / "example.json"))
    targets = {model.target for model in example.models}
    folder = WorkflowFolder()
    for name in ("keyframe_sdxl", "video_wan22_5b"):
        for needed in folder.load(name).about.models:
            assert f"{needed['folder']}/{needed['file']}" in targets
