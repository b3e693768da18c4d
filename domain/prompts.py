"""The prompt a shot is made with: its own words, then its tags in the words of a picture or of a move.

A tag that the prompt already says is not said again. The same shot always gives the same prompt.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from domain.cast import cast_of
from domain.storyboard import Shot, Storyboard


@dataclass(frozen=True)
class Preset:
    """What a tag such as lighting = golden_hour means in words."""

    label: str
    text: str
    said: tuple[str, ...] = ()  # words by which a prompt says it already; none: the key's own


@dataclass(frozen=True)
class Phrase:
    """A piece of a prompt as it is sent: all of them, one after another, are the prompt."""

    text: str
    origin: str  # "shot", "character:anna", "camera", "motion", or a tag's category: "style", "lighting"


@dataclass(frozen=True)
class LeftOut:
    """A tag, or a character by its id, that is not said."""

    tag: str
    why: str
    origin: str


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
    return joined(keyframe_parts(shot, board, presets))


def video_prompt(shot: Shot, board: Storyboard, presets: Presets) -> str:
    """The prompt for the clip: what happens, how the camera moves, and the look it keeps."""
    return joined(video_parts(shot, board, presets))


def joined(parts: Iterable[Phrase]) -> str:
    return "".join(part.text for part in parts)


def keyframe_parts(shot: Shot, board: Storyboard, presets: Presets) -> list[Phrase]:
    """The keyframe's prompt in pieces, each with where it comes from."""
    return _composed(shot.prompt, _keyframe(shot, board, presets))


def video_parts(shot: Shot, board: Storyboard, presets: Presets) -> list[Phrase]:
    """The clip's prompt in pieces, each with where it comes from."""
    return _composed(shot.prompt, _video(shot, board, presets))


def keyframe_left_out(shot: Shot, board: Storyboard, presets: Presets) -> list[LeftOut]:
    """What would be in the keyframe's prompt, were it not said already."""
    return _left_out(_keyframe(shot, board, presets))


def video_left_out(shot: Shot, board: Storyboard, presets: Presets) -> list[LeftOut]:
    """What would be in the clip's prompt, were it not said already."""
    return _left_out(_video(shot, board, presets))


def negative(shot: Shot) -> str:
    return shot.negative.strip()


def tags_of(shot: Shot, board: Storyboard) -> dict[str, str]:
    """The board's tags with the shot's own in their place, by category. "none" takes one away."""
    tags = {_key(category): tag for source in (board.tags, shot.tags) for category, tag in source.items()}
    return {_ALIASES.get(category, category): tag for category, tag in tags.items() if tag.strip()}


@dataclass(frozen=True)
class _Piece:
    """A phrase as it comes from its tag; with a reason why, it is left out."""

    text: str
    origin: str
    tag: str = ""
    why: str = ""


_Groups = list[list[_Piece]]  # each becomes a sentence


def _keyframe(shot: Shot, board: Storyboard, presets: Presets) -> _Groups:
    tags = tags_of(shot, board)
    return [*_cast(shot, board), _of_tags(tags, (*PICTURE, *_free(tags)), shot.prompt, presets)]


def _video(shot: Shot, board: Storyboard, presets: Presets) -> _Groups:
    tags = tags_of(shot, board)
    camera = _camera(shot, tags.get("camera", ""), presets)
    motion = _of_tags(tags, ("motion",), shot.prompt, presets)
    if not shot.motion.kind and all(piece.why for piece in camera):
        motion.append(_Piece(_amount(shot.motion.strength), "motion"))
    notes = [_Piece(shot.motion.notes.strip(), "motion")]
    look = _of_tags(tags, (*CLIP, *_free(tags)), shot.prompt, presets)
    return [*_cast(shot, board), _titled("camera: ", camera), motion, notes, look]


def _cast(shot: Shot, board: Storyboard) -> _Groups:
    """How each of the shot's characters looks, unless the prompt has it."""
    pieces = []
    for character in cast_of(shot, board):
        if words := character.words.strip():
            why = "the prompt says it already" if _says(shot.prompt, words) else ""
            pieces.append(_Piece(words, f"character:{character.id}", character.id, why))
    return [[piece] for piece in _once(pieces)]


def _free(tags: Mapping[str, str]) -> list[str]:
    return sorted(tags.keys() - {*PICTURE, *MOVES})


def _of_tags(
    tags: Mapping[str, str], categories: Iterable[str], prompt: str, presets: Presets
) -> list[_Piece]:
    return _once(p for c in categories for p in _of_tag(c, tags.get(c, ""), presets, prompt))


def _of_tag(category: str, tag: str, presets: Presets, prompt: str) -> Iterator[_Piece]:
    """The words for a tag, which may be several with commas between, unless the prompt has them."""
    for part in filter(None, (p.strip() for p in tag.split(","))):
        key = _key(part)
        words = " ".join(part.replace("_", " ").split())
        preset = presets.get(category, {}).get(key, Preset(words, words))
        known = preset.said or (key.replace("_", " "),)
        said = next((phrase for phrase in (preset.text, *known) if _says(prompt, phrase)), "")
        if key != "none" and preset.text:
            yield _Piece(preset.text, category, part, f"the prompt says “{said}” already" if said else "")


def _once(pieces: Iterable[_Piece]) -> list[_Piece]:
    """The pieces, those left out that say the same as one before them."""
    found: list[_Piece] = []
    said: set[str] = set()
    for piece in pieces:
        is_again = not piece.why and piece.text in said
        found.append(replace(piece, why="it is said already") if is_again else piece)
        said |= set() if piece.why else {piece.text}
    return found


def _camera(shot: Shot, tag: str, presets: Presets) -> list[_Piece]:
    """The camera's tag and the shot's own movement as one: of the same family, the tag leads."""
    kind, strength = shot.motion.kind, shot.motion.strength
    if kind and strength == 0:
        return [_Piece(_STILL, "camera"), *_dropped(tag, "a movement without strength is none")]
    family, left_out = _family(kind), []
    if family not in ("", "static") and _family(tag) == "static":
        left_out, tag = _dropped(tag, "the shot has a movement of its own"), ""
    moves = kind if kind and (not tag or family != _family(tag)) else ""
    if kind and not moves:
        left_out = _dropped(kind, "the camera's tag goes before it")
    pieces = [p for words in (moves, tag) for p in _of_tag("camera", words, presets, shot.prompt)]
    if _family(moves or tag) not in ("", "static"):
        pieces = _titled(f"{_strength(strength)} ".lstrip(), pieces)
    return [*_once(pieces), *left_out]


def _dropped(tag: str, why: str) -> list[_Piece]:
    return [_Piece("", "camera", tag, why)] if tag else []


def _titled(title: str, pieces: list[_Piece]) -> list[_Piece]:
    """With a word or two before the first piece that is said."""
    first = next((n for n, piece in enumerate(pieces) if not piece.why), len(pieces))
    return [replace(p, text=title + p.text) if n == first else p for n, p in enumerate(pieces)]


def _amount(strength: float) -> str:
    """How much moves in the picture, where no camera movement carries the strength."""
    word = _strength(strength) if strength > 0 else "almost no"
    return f"{word} movement" if word else ""


def _strength(strength: float) -> str:
    return "" if strength <= 0 else next(word for most, word in _STRENGTHS if strength <= most)


def _family(words: str) -> str:
    found = (_FAMILIES[word] for word in _key(words).split("_") if word in _FAMILIES)
    return next(found, "")


def _composed(prompt: str, groups: _Groups) -> list[Phrase]:
    """The prompt and each group as sentences."""
    parts: list[Phrase] = []
    for group in ([_Piece(prompt.strip(), "shot")], *groups):
        said = [piece for piece in group if piece.text and not piece.why]
        for number, piece in enumerate(said, 1):
            text = piece.text
            if number == 1 and piece.origin != "shot":
                text = text[:1].upper() + text[1:]
            text = _sentence(text) if number == len(said) else f"{text},"
            parts.append(Phrase(f" {text}" if parts else text, piece.origin))
    return parts


def _left_out(groups: _Groups) -> list[LeftOut]:
    return [LeftOut(piece.tag, piece.why, piece.origin) for group in groups for piece in group if piece.why]


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
