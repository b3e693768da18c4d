"""The values of a node's widgets by name, read in the order in which ComfyUI's window shows them.

The window saves them as a bare list, so that every widget the server has more or fewer shifts all
behind it. What does not fit is told.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from infrastructure.ui_reading import Node

_DYNAMIC = "COMFY_DYNAMICCOMBO_V3"
_COMPARE = "IMAGECOMPARE"
_WIDGETS = {"INT", "FLOAT", "STRING", "BOOLEAN", "COMBO", "COLOR", "COLORS", "CURVE", "BOUNDING_BOXES"}
_WIDGETS |= {"LOAD_3D", "WEBCAM", "AUDIO_RECORD", "HISTOGRAM", _COMPARE, _DYNAMIC}
_AFTER = ("fixed", "randomize", "increment", "increment-wrap", "decrement")  # what becomes of a seed
_BUTTONS = ("image", "video", "audio", "upload", "", None)  # what the window keeps for a button
_KINDS: dict[str, tuple[type, ...]] = {
    "INT": (int,),
    "FLOAT": (int, float),
    "STRING": (str,),
    "BOOLEAN": (bool,),
}


@dataclass
class Widgets:
    values: dict[str, Any] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)  # inputs for which the file holds nothing
    odd: list[str] = field(default_factory=list)  # inputs whose value is not of their kind
    left: list[Any] = field(default_factory=list)  # values that no input took


def read_widgets(node: Node, info: Mapping[str, Any]) -> Widgets:
    """What a node's widgets hold, by the server's own word of what they are."""
    found = Widgets()
    if isinstance(node.held, dict):  # as some custom nodes save them
        scalars = {k: v for k, v in node.held.items() if isinstance(v, str | int | float)}
        found.values |= scalars
        return found
    values = list(node.held)
    for name, spec in _specs(info.get("input")):
        _take(name, spec, values, found)
    kinds = {str(_kind(spec)) for _, spec in _specs(info.get("input"))}
    if not any("3D" in kind for kind in kinds):  # whose buttons keep whatever they like
        found.left = [value for value in values if value not in _BUTTONS and value not in _AFTER]
    return found


def _take(name: str, spec: Any, values: list[Any], found: Widgets) -> None:
    """Move the next value from the list to the widget, with those that belong to it."""
    kind, options = _kind(spec), _options(spec)
    is_widget = isinstance(kind, list) or {*str(kind).split(",")} & _WIDGETS
    if not is_widget or options.get("forceInput"):
        return
    if kind == _COMPARE:
        found.values[name] = ""
        return
    if not values:
        if "default" in options:
            found.values[name] = options["default"]
        found.missing.append(name)
        return
    value = values.pop(0)
    if value is not None:
        found.values[name] = value
        if not _is_of(kind, value):
            found.odd.append(name)
    if kind == _DYNAMIC:
        for inner, inner_spec in _chosen(options, value):
            _take(f"{name}.{inner}", inner_spec, values, found)
    is_seed = options.get("control_after_generate") or name in ("seed", "noise_seed")
    if is_seed and values and values[0] in _AFTER:
        values.pop(0)


def _is_of(kind: Any, value: Any) -> bool:
    if isinstance(kind, list) or kind in ("COMBO", _DYNAMIC):
        return not isinstance(value, list | dict)
    wanted = _KINDS.get(str(kind))
    is_truth = isinstance(value, bool)
    return wanted is None or (isinstance(value, wanted) and is_truth == (kind == "BOOLEAN"))


def _chosen(options: Mapping[str, Any], key: Any) -> Iterator[tuple[str, Any]]:
    """The inputs that a choice brings along."""
    for option in options.get("options") or ():
        if isinstance(option, dict) and option.get("key") == key:
            yield from _specs(option.get("inputs"))
            return


def _specs(inputs: Any) -> Iterator[tuple[str, Any]]:
    for section in ("required", "optional"):
        specs = inputs.get(section) if isinstance(inputs, dict) else None
        yield from specs.items() if isinstance(specs, dict) else ()


def _kind(spec: Any) -> Any:
    return spec[0] if isinstance(spec, list) and spec else ""


def _options(spec: Any) -> Mapping[str, Any]:
    return spec[1] if isinstance(spec, list) and len(spec) > 1 and isinstance(spec[1], dict) else {}
