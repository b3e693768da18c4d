"""The prompt a shot is made with: its own words, then its tags in the words of a picture or of a move.

A tag that the prompt already says is not said again. The same shot always gives the same prompt.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from domain.cast import cast_of
from domain.storyboard import Shot, Storyboard


@dataclass(frozen=True)
class Preset:
    """What a tag such as lighting = golden_hour means in words."""

    label: str
    text: str
    said: tuple[str, ...] = ()  # words by which a prompt says it already; none: the key's own


Presets = Mapping[str, Mapping[str, Preset]]  # category -> key -> preset

PICTURE = ("composition", "style", "time_of_day", "lighting", "color_grade", "mood")
CLIP = ("style", "time_of_day", "lighting", "mood")  # the start image shows the rest
MOVES = ("camera", "motion")

_ALIASES = {"colour_grade": "color_grade", "color_grading": "color_grade", "time": "time_of_day"}
_FAMILIES = {
    "push": "dolly",
    "pull": "dolly",
    "dolly": "dolly",
    "pan": "pan",
    "tilt": "tilt",
    "zoom": "zoom",
    "crane": "crane",
    "orbit": "orbit",
    "tracking": "tracking",
    "static": "static",
}
_STRENGTHS = ((0.2, "very subtle"), (0.4, "gentle"), (0.6, ""), (0.8, "strong"), (1.0, "very strong"))
_STILL = "static camera"


def keyframe_prompt(shot: Shot, board: Storyboard, presets: Presets) -> str:
    """The prompt for the picture a shot begins with."""
    tags = tags_of(shot, board)
    look = _said_by(tags, (*PICTURE, *_free(tags)), shot.prompt, presets)
    return _composed(shot.prompt, *_cast(shot, board), look)


def video_prompt(shot: Shot, board: Storyboard, presets: Presets) -> str:
    """The prompt for the clip: what happens, how the camera moves, and the look it keeps."""
    tags = tags_of(shot, board)
    camera = ", ".join(_camera(shot, tags.get("camera", ""), presets))
    motion = [*_said_by(tags, ("motion",), shot.prompt, presets), *_amount(shot, camera)]
    look = _said_by(tags, (*CLIP, *_free(tags)), shot.prompt, presets)
    moves = [f"camera: {camera}"] if camera else []
    return _composed(shot.prompt, *_cast(shot, board), moves, motion, [shot.motion.notes.strip()], look)


def negative(shot: Shot) -> str:
    return shot.negative.strip()


def tags_of(shot: Shot, board: Storyboard) -> dict[str, str]:
    """The board's tags with the shot's own in their place, by category. "none" takes one away."""
    tags = {_key(category): tag for source in (board.tags, shot.tags) for category, tag in source.items()}
    return {_ALIASES.get(category, category): tag for category, tag in tags.items() if tag.strip()}


def _cast(shot: Shot, board: Storyboard) -> list[list[str]]:
    """How each of the shot's characters looks, unless the prompt has it."""
    words = dict.fromkeys(character.words.strip() for character in cast_of(shot, board))
    return [[text] for text in words if text and not _says(shot.prompt, text)]


def _free(tags: Mapping[str, str]) -> list[str]:
    return sorted(tags.keys() - {*PICTURE, *MOVES})


def _said_by(tags: Mapping[str, str], categories: Iterable[str], prompt: str, presets: Presets) -> list[str]:
    phrases = (p for c in categories for p in _phrases(tags.get(c, ""), presets.get(c, {}), prompt))
    return list(dict.fromkeys(phrases))


def _phrases(tag: str, presets: Mapping[str, Preset], prompt: str) -> Iterator[str]:
    """The words for a tag, which may be several with commas between, unless the prompt has them."""
    for part in filter(None, (p.strip() for p in tag.split(","))):
        key = _key(part)
        words = " ".join(part.replace("_", " ").split())
        preset = presets.get(key, Preset(words, words))
        known = preset.said or (key.replace("_", " "),)
        if key != "none" and not any(_says(prompt, phrase) for phrase in (preset.text, *known)):
            yield preset.text


def _camera(shot: Shot, tag: str, presets: Presets) -> list[str]:
    """The camera's tag and the shot's own movement as one: of the same family, the tag leads."""
    kind, strength = shot.motion.kind, shot.motion.strength
    if kind and strength == 0:
        return [_STILL]
    family = _family(kind)
    if family not in ("", "static") and _family(tag) == "static":
        tag = ""
    moves = kind if kind and (not tag or family != _family(tag)) else ""
    cameras = presets.get("camera", {})
    phrases = [p for words in (moves, tag) for p in _phrases(words, cameras, shot.prompt)]
    if phrases and _family(moves or tag) not in ("", "static"):
        phrases[0] = f"{_strength(strength)} {phrases[0]}".strip()
    return list(dict.fromkeys(phrases))


def _amount(shot: Shot, camera: str) -> list[str]:
    """How much moves in the picture, where no camera movement carries the strength."""
    if camera or shot.motion.kind:
        return []
    word = _strength(shot.motion.strength) if shot.motion.strength > 0 else "almost no"
    return [f"{word} movement"] if word else []


def _strength(strength: float) -> str:
    return "" if strength <= 0 else next(word for most, word in _STRENGTHS if strength <= most)


def _family(words: str) -> str:
    found = (_FAMILIES[word] for word in _key(words).split("_") if word in _FAMILIES)
    return next(found, "")


def _composed(prompt: str, *groups: Iterable[str]) -> str:
    """The prompt and each group of phrases as sentences."""
    sentences = [_sentence(prompt.strip())]
    for group in groups:
        phrase = ", ".join(filter(None, group))
        sentences.append(_sentence(phrase[:1].upper() + phrase[1:]))
    return " ".join(filter(None, sentences))


def _sentence(text: str) -> str:
    return text if not text or text[-1] in ".!?…\"'”:;" else f"{text.rstrip(',')}."


def _key(words: str) -> str:
    return _words(words).replace(" ", "_")


def _says(prompt: str, phrase: str) -> bool:
    wanted = _words(phrase)
    return bool(wanted) and f" {wanted} " in f" {_words(prompt)} "


@lru_cache(maxsize=256)
def _words(text: str) -> str:
    """Lower-case words with one space between, so that "Close-up" and "close_up" are equal."""
    return " ".join(re.findall(r"\w+", text.lower().replace("_", " ")))
