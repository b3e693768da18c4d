"""How many slots are found in ComfyUI's official templates, and whether a server takes what is put in.

    python bench/slots.py http://127.0.0.1:8188 [--show] [--models DIR --input DIR]

Downloads the package with the templates (PyPI), turns each into a graph with the server's
own /object_info, and looks for slots three times: with the built-in table of nodes alone,
with what the server says, and as if every node were a custom one. With the server's folders
for models and input, empty files make its lists of models pass, and every graph is posted
with values in all slots. --show prints the words taken for the prompt, to be read by eye.
"""

import argparse
import json
import subprocess
import sys
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from domain.errors import BadFile
from domain.job import Graph
from domain.node_types import NodeTypes
from domain.slot_rules.samplers import samplers
from domain.workflow import Workflow
from infrastructure.preflight import folder_of
from infrastructure.ui_workflows import convert

PACKAGE = "comfyui-workflow-templates-json==0.1.27"  # the set that ComfyUI 0.30.0 comes with
SAVED = {"SaveImage", "SaveImageAdvanced", "PreviewImage", "SaveVideo", "SaveWEBM", "SaveAnimatedWEBP"}
NO_WORDS = {  # read by eye: these take no prompt
    *("3d_triposplat_image_to_gaussian_splat", "image_lotus_depth_v1_1"),
    *("utility_seedvr2_3b_int8_upscale_image", "utility_seedvr2_3b_int8_upscale_video"),
    "utility_seedvr2_7b_int8_upscale_image",
}
WRONG_WORDS = {  # read by eye: the style instead of the subject; one of several pick-lists
    *("template_sugar_coated_gummy_style_qwen", "video_wan_dancer"),
}
NO_NOISE = {"image_lotus_depth_v1_1"}  # its sampler is told to add none
VALUES = {
    "prompt": "a hill",
    "negative": "rain",
    "seed": 0,
    "steps": 6,
    "cfg": 2.0,
    "fps": 12,
    "prefix": "a/b",
}
NOTHING = NodeTypes({}, {}, frozenset(), frozenset())
Find = Callable[[str, Graph], Workflow]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("url")
    parser.add_argument("--cache", type=Path, default=Path(__file__).parent / ".cache")
    parser.add_argument("--models", type=Path)
    parser.add_argument("--input", type=Path)
    parser.add_argument("--show", action="store_true")
    args = parser.parse_args()
    info = asked(args.url, "/object_info")
    graphs = dict(converted(args.cache, info))
    print(f"{len(graphs)} templates that draw and save, without cloud nodes")
    finders: dict[str, Find] = {
        "table alone": Workflow,
        "with the server": lambda name, graph: Workflow(name, graph).with_types(info),
        "as if no node were known": lambda name, graph: Workflow(name, graph, types=NOTHING),
    }
    for label, find in finders.items():
        print(f"\n{label}")
        report({name: find(name, graph) for name, graph in graphs.items()})
        if args.models and args.input:
            post_all(args, {name: find(name, graph) for name, graph in graphs.items()})
    if args.show:
        for name, graph in graphs.items():
            show(Workflow(name, graph))


def converted(cache: Path, info: Any) -> Iterator[tuple[str, Graph]]:
    """The templates that the server can run by itself and in which a sampler draws what is saved."""
    for name, template in templates(cache):
        try:
            graph = convert(template, info, name).graph
        except BadFile:
            continue
        classes = {node["class_type"] for node in graph.values()}
        is_local = not any(info[name].get("api_node") for name in classes)
        if is_local and classes & SAVED and any("Sampler" in name for name in classes):
            flow = Workflow(name, graph)
            if samplers(flow.reader):
                yield name, graph


def templates(cache: Path) -> Iterator[tuple[str, Any]]:
    if not list(cache.glob("*.whl")):
        command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", str(cache), PACKAGE]
        subprocess.run(command, check=True)
    with zipfile.ZipFile(next(cache.glob("*.whl"))) as wheel:
        for path in sorted(wheel.namelist()):
            if "/templates/" in path and path.endswith(".json"):
                content = json.loads(wheel.read(path))
                if isinstance(content, dict) and "nodes" in content:
                    yield Path(path).stem, content


def report(flows: dict[str, Workflow]) -> None:
    wordy = {name: flow for name, flow in flows.items() if name not in NO_WORDS}
    noisy = {name: flow for name, flow in flows.items() if name not in NO_NOISE}
    videos = {n: f for n, f in flows.items() if has_own_length(f)}
    sized = ("width", "aspect_ratio", "megapixels", "size_follows")
    line("prompt, right one", wordy, lambda n, f: f.takes("prompt") and n not in WRONG_WORDS)
    line("no encoder left over", flows, lambda n, f: not left_over(f))
    line("no prompt invented", {n: flows[n] for n in NO_WORDS & {*flows}}, lambda n, f: not f.takes("prompt"))
    line("prompt and negative apart", flows, lambda n, f: apart(f))
    line("seed", noisy, lambda n, f: f.takes("seed"))
    line("size, or what it follows", flows, lambda n, f: any(f.takes(name) for name in sized))
    line("  of these: width, height", flows, lambda n, f: f.takes("width") and f.takes("height"))
    line("length of clips", videos, lambda n, f: f.takes("frames"))
    saving = {
        n: f for n, f in flows.items() if any("filename_prefix" in x["inputs"] for x in f.graph.values())
    }
    line("file name", saving, lambda n, f: f.takes("prefix"))
    counts = {name: sum(f.takes(name) for f in flows.values()) for name in sorted({*sum_slots(flows)})}
    print("  templates with each slot:", ", ".join(f"{name} {count}" for name, count in counts.items()))


def line(label: str, flows: dict[str, Workflow], is_good: Callable[[str, Workflow], bool]) -> None:
    bad = [name for name, flow in flows.items() if not is_good(name, flow)]
    good = len(flows) - len(bad)
    share = f"{good / len(flows):.1%}" if flows else "–"
    missed = f"   not: {', '.join(bad)}" if 0 < len(bad) <= 6 else ""
    print(f"  {label:<28}{good:>4} of {len(flows):<4}{share:>7}{missed}")


def sum_slots(flows: dict[str, Workflow]) -> Iterator[str]:
    for flow in flows.values():
        yield from flow.slots


def has_own_length(flow: Workflow) -> bool:
    """Whether a node that makes the clip is told a length by number and not by another picture or video."""
    reader = flow.reader
    return any(
        list(reader.places(node, input))
        for node in reader.depth
        for input in ("length", "video_frames", "num_frames")
        if {"width", "height"} <= {*reader.inputs(node)}
    )


def left_over(flow: Workflow) -> list[str]:
    """Text encoders that have a part in the picture and whose text is in no slot."""
    slots = ("prompt", "negative", "other_prompts")
    written = {slot.node for name in slots for slot in flow.slots.get(name, ())}
    reader = flow.reader
    return [
        node
        for node in reader.depth
        if reader.name(node).startswith(("CLIPTextEncode", "TextEncode"))
        and any(
            isinstance(value, str)
            for name, value in reader.inputs(node).items()
            if name in ("text", "prompt")
        )
        and node not in written
    ]


def apart(flow: Workflow) -> bool:
    prompts = {(s.node, s.input) for name in ("prompt", "other_prompts") for s in flow.slots.get(name, ())}
    return prompts.isdisjoint((s.node, s.input) for s in flow.slots.get("negative", ()))


def post_all(args: argparse.Namespace, flows: dict[str, Workflow]) -> None:
    """Every graph as it is and with values in all slots: is it taken?"""
    for flow in flows.values():
        make_files(args, flow.graph)
    plain = {name: flow for name, flow in flows.items() if accepted(args.url, flow.graph)}
    line("taken as it is", flows, lambda n, f: n in plain)
    line("taken with all slots filled", flows, lambda n, f: accepted(args.url, filled(f)))


def filled(flow: Workflow) -> Graph:
    width, height = flow.size_for(640, 384)
    return flow.with_values(**VALUES, width=width, height=height, frames=flow.frames_for(20))


def make_files(args: argparse.Namespace, graph: Graph) -> None:
    for node in graph.values():
        for input, value in node["inputs"].items():
            if not isinstance(value, str) or not value or len(value) > 200:
                continue
            if node["class_type"].startswith("Load") and input in ("image", "file", "audio"):
                touch(args.input / value.split(" [")[0])
            elif Path(value).suffix in (".safetensors", ".sft", ".ckpt", ".pt", ".pth", ".bin", ".gguf"):
                folder = folder_of(node["class_type"], input)
                for name in (
                    ("checkpoints", "model_patches", "background_removal") if folder == "…" else (folder,)
                ):
                    touch(args.models / name / value.replace("\\", "/"))


def touch(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()


def accepted(url: str, graph: Graph) -> bool:
    try:
        answer = asked(url, "/prompt", {"prompt": graph})
    except urllib.error.HTTPError:
        return False
    asked(url, "/queue", {"delete": [answer["prompt_id"]]})
    asked(url, "/interrupt", {"prompt_id": answer["prompt_id"]})
    return not answer["node_errors"]


def asked(url: str, path: str, body: Any = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url.rstrip("/") + path, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.loads(answer.read() or b"null")


def show(flow: Workflow) -> None:
    print(f"\n{flow.name}")
    for name in ("prompt", "other_prompts", "negative"):
        for slot in flow.slots.get(name, ()):
            print(f"  {name:<14}{str(flow.graph[slot.node]['inputs'][slot.input])[:90]!r}")


if __name__ == "__main__":
    main()
