"""A spec is read strictly: what is wrong is named by its place in the file."""

import json

import pytest

from domain.errors import BadFile
from domain.versions import spec

HEX = "ab" * 32
COMMIT = "c" * 40


def content(**changed):
    return {
        "schema_version": 2,
        "version_id": "film-a",
        "comfy": {"repo": "https://example.org/ComfyUI.git", "ref": "v0.33.0"},
        "custom_nodes": [{"repo": "https://example.org/vhs.git", "commit": COMMIT}],
        "models": [{"source": "hf://org/repo@main/unet.safetensors", "target_subdir": "diffusion_models"}],
        "python_packages": ["onnx==1.19.0", " "],
        "env": {"OMP_NUM_THREADS": 1, "EMPTY": None},
        "options": {"offline": "False", "skip_models": 1},
        **changed,
    }


def model(**changed):
    return content(models=[{"source": "https://example.org/a/b.safetensors", **changed}])


def test_a_spec_is_read_with_its_defaults():
    read = spec.read(content())
    assert (read.id, read.comfy.ref, read.nodes[0].name) == ("film-a", "v0.33.0", "vhs")
    assert read.models[0].target == "diffusion_models/unet.safetensors"
    assert read.packages == ("onnx==1.19.0",)
    assert read.env == {"OMP_NUM_THREADS": "1", "EMPTY": ""}
    assert (read.is_offline, read.skips_models) == (False, True)


def test_what_is_written_reads_as_the_same():
    read = spec.read(content())
    text = spec.text(read)
    assert spec.read(json.loads(text)) == read
    assert text == json.dumps(json.loads(text), indent=2, sort_keys=True) + "\n"


@pytest.mark.parametrize(
    ("checksum", "said"),
    [
        (HEX, ("sha256", HEX)),
        (f"SHA256:{HEX.upper()}", ("sha256", HEX)),
        (f"md5:{HEX[:32]}", ("md5", HEX[:32])),
    ],
)
def test_a_checksum_may_be_bare(checksum, said):
    read = spec.read(model(target_subdir="vae", checksum=checksum)).models[0]
    assert (read.algorithm, read.checksum) == said


@pytest.mark.parametrize(
    ("changed", "target"),
    [
        ({"target_path": "$MODELS_DIR/loras/x.safetensors"}, "loras/x.safetensors"),
        ({"path": "$COMFY_HOME/models/vae/x.pt"}, "vae/x.pt"),
        ({"target_subdir": "unet"}, "unet/b.safetensors"),  # a missing name is the file's, not the address
        ({"target_subdir": "unet", "name": "c.gguf"}, "unet/c.gguf"),
        ({"source": "file:///m/my%20model.pt", "target_subdir": "vae"}, "vae/my model.pt"),
    ],
)
def test_where_a_model_goes(changed, target):
    assert spec.read(model(**changed)).models[0].target == target


def test_fields_of_an_older_tool_are_told_and_left_out():
    read = spec.read(model(target_subdir="vae", target_dir="x", install_requirements=True))
    assert read.advice == (
        "models[0].target_dir has no meaning here and is left out.",
        "models[0].install_requirements has no meaning here and is left out.",
    )


REFUSED = [
    ([], "The file must be an object"),
    (content(schema_version=1), "schema_version must be 2"),
    (content(schema_version=True), "schema_version must be 2"),
    (content(version_id="../x"), "version_id must be"),
    (content(version_id=""), "version_id is missing"),
    (content(comfy={}), "comfy.repo is missing"),
    (content(comfy=None), "comfy is missing"),
    (content(comfy={"repo": "x", "commit": "main"}), "comfy.commit must be 40 hex digits"),
    (content(comfy={"repo": "x", "branch": "main"}), "comfy.branch is not known"),
    (content(comfy={"repo": "ext::sh -c x"}), "comfy.repo must be the address"),
    (content(comfy={"repo": "--upload-pack=x"}), "comfy.repo must be the address"),
    (content(comfy={"repo": "https://a:b@example.org/x.git"}), "comfy.repo holds a token"),
    (content(comfy={"repo": "x", "ref": "--all"}), "comfy.ref must be a branch or tag"),
    (content(custom_nodes={}), "custom_nodes must be a list"),
    (content(custom_nodes=[{"repo": "a/x.git"}, {"repo": "b/X"}]), "custom_nodes[1] has the same name"),
    (content(custom_nodes=[{"repo": "a", "name": "../up"}]), "custom_nodes[0].name must be"),
    (content(models=[{}]), "models[0].source is missing"),
    (model(), "models[0].target_path must name a folder"),
    (model(target_path="/etc/x/y"), "models[0].target_path must be a path below"),
    (model(target_path="loras/../../x"), "models[0].target_path must be a path below"),
    (model(target_path="loras\\x"), "models[0].target_path must be a path below"),
    (model(target_path="$HOME/x/y"), "models[0].target_path must be a path below"),
    (model(target_subdir="vae", checksum="sha256:12"), "models[0].checksum must be"),
    (model(target_subdir="vae", checksum="crc:" + HEX), "models[0].checksum must be"),
    (model(source="https://x.org/f?token=abc", target_subdir="vae"), "models[0].source holds a token"),
    (model(source="civitai://models/12", target_subdir="vae"), "models[0].name is missing"),
    (content(python_packages=["--index-url=x"]), "python_packages[0] must be one requirement"),
    (content(python_packages="onnx"), "python_packages must be a list"),
    (content(env={"HF_TOKEN": "hf_abcdefghijklmnop"}), "env.HF_TOKEN holds a secret"),
    (content(env={"A B": "1"}), 'env: "A B" is no name'),
    (content(env={"A": {}}), "env.A must be a text"),
    (content(options={"fast": True}), "options.fast is not known"),
    (content(options={"offline": "yes"}), "options.offline must be true or false"),
    (content(lora=[]), "lora is not known"),
]


@pytest.mark.parametrize(("wrong", "told"), REFUSED, ids=[told for _, told in REFUSED])
def test_what_is_wrong_is_told_by_its_place(wrong, told):
    with pytest.raises(BadFile) as refused:
        spec.read(wrong)
    assert str(refused.value).startswith(told)


def test_a_variable_may_stand_for_a_secret():
    read = spec.read(content(env={"HF_TOKEN": "${HF_TOKEN}"}))
    assert read.env["HF_TOKEN"] == "${HF_TOKEN}"
    source = "https://example.org/a.pt?token=${TOKEN}"
    assert spec.read(model(source=source, target_subdir="vae")).models[0].source == source
