"""Everything that is lettered in one panel: at the usual size, or as much smaller as it takes.

What does not fit at the smallest size that is read well is parted into balloons that hang together; what even
then has no room is set smaller still and told. Nothing is cut off.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from PIL import Image

from domain.comic import SHOUT, SPEECH, Line, Panel
from domain.comic_layouts import Rect
from domain.comic_looks import USUAL as USUAL_LOOK
from domain.comic_looks import Look
from infrastructure.fonts import Fonts, Style
from services.lettering.fitting import PADDING, Balloon, Text, balloon, box
from services.lettering.painting import SWELL, Placed, sound
from services.lettering.placing import Piece, Point, Room, placed

USUAL, LEAST, TINY = 9.5, 7.0, 3.0  # points; the second is read well, the third only with a lens
STEP = 0.5
WIDE, TALL, FULL = 0.62, 0.55, 0.4  # most of a panel that a balloon is wide, and high, and that all cover
BOX = 0.66  # most of a panel that a narrator's box is wide
GAP, INSET = 0.5, 0.6  # of the size of the type
FACE, EYES = 0.2, 0.42  # of a panel: how large a face is taken to be, and how far down


@dataclass(frozen=True)
class Lettered:
    """What stands in a panel, and the size of its type in points."""

    size: float
    boxes: tuple[tuple[Rect, Text], ...] = ()
    sounds: tuple[tuple[Rect, Image.Image], ...] = ()
    balloons: tuple[tuple[Placed, ...], ...] = ()  # in groups that hang together
    is_crowded: bool = False

    @property
    def is_small(self) -> bool:
        return self.size < LEAST


@dataclass(frozen=True)
class Ground:
    """A panel's place on the page, in pixels."""

    rect: Rect
    dpi: float
    is_rtl: bool = False
    look: Look = USUAL_LOOK


def lettered(panel: Panel, ground: Ground, fonts: Fonts) -> Lettered:
    if not panel.words:
        return Lettered(USUAL)
    crowded = None
    for size, is_parted in _attempts():
        if size < LEAST and crowded:
            break
        found = _Lettering(panel, ground, fonts, size, is_parted).whole()
        if found and (size < LEAST or not found.is_crowded):
            return found
        crowded = found or crowded
    return crowded or Lettered(0.0)


def _attempts() -> Iterator[tuple[float, bool]]:
    """Sizes, and whether texts are parted."""
    size = USUAL
    while size >= TINY:
        yield size, False
        if size <= LEAST:
            yield size, True
        size -= STEP


class _Lettering:
    """One attempt, at one size of type."""

    def __init__(self, panel: Panel, ground: Ground, fonts: Fonts, size: float, is_parted: bool):
        self._panel, self._ground, self._fonts, self._size = panel, ground, fonts, size
        self._is_parted = is_parted
        self._px = max(1, round(size / 72 * ground.dpi))
        inset = INSET * self._px
        r = ground.rect
        self._inside = Rect(r.x + inset, r.y + inset, r.width - 2 * inset, r.height - 2 * inset)

    def whole(self) -> Lettered | None:
        """None when something has no room."""
        pieces = list[Piece]()
        boxed = self._box()
        if self._panel.narrative:
            if boxed is None:
                return None
            pad = 2 * PADDING * self._px
            corner = 1.0 if self._ground.is_rtl else 0.0
            pieces.append(Piece(boxed.width + pad, boxed.height + pad, wishes=(corner, 0.0)))
        balloons = list[tuple[Line, bool, Balloon]]()  # and whether each goes on from the one before
        for line in self._panel.lines:
            for number, part in enumerate(self._parts(line.text)):
                if (one := self._balloon(line, part)) is None:
                    return None
                balloons.append((line, number > 0, one))
                piece = self._piece(line, one)
                pieces.append(replace(piece, spot=self._spot(line.at)) if not number else piece)
        loud = self._sound()
        if loud:
            corner = 0.2 if self._ground.is_rtl else 0.8
            pieces.append(Piece(loud.width, loud.height, is_read=False, wishes=(corner, 0.8)))
        room = Room(self._inside, GAP * self._px, tuple(self._faces()), self._ground.is_rtl)
        rects = placed(pieces, room)
        return self._told(rects, boxed, balloons, loud) if rects is not None else None

    def _told(
        self,
        rects: list[Rect],
        boxed: Text | None,
        balloons: Sequence[tuple[Line, bool, Balloon]],
        loud: Image.Image | None,
    ) -> Lettered:
        boxes = ((rects.pop(0), boxed),) if boxed else ()
        sounds = ((rects.pop(), loud),) if loud else ()
        groups: list[list[Placed]] = []
        for (line, goes_on, one), rect in zip(balloons, rects, strict=True):
            at = rect.x + rect.width / 2, rect.y + rect.height / 2
            made = Placed(one, at, line.kind, self._tip(line, at))
            if goes_on:
                before = groups[-1].pop()
                groups[-1] += [replace(before, tip=None), replace(made, link=before.at)]
            else:
                groups.append([made])
        whole = self._ground.rect.width * self._ground.rect.height
        share = sum(rect.width * rect.height for rect in rects) / whole
        return Lettered(self._size, boxes, sounds, tuple(map(tuple, groups)), share > FULL)

    def _box(self) -> Text | None:
        if not self._panel.narrative:
            return None
        most = BOX * self._inside.width, TALL * self._inside.height
        return box(self._panel.narrative, self._fonts, Style(self._px, face=self._ground.look.narrator), most)

    def _balloon(self, line: Line, text: str) -> Balloon | None:
        share = WIDE if self._ground.rect.width > 30 * self._px else 0.95
        most = share * self._inside.width, TALL * self._inside.height
        said = text.upper() if line.kind in (SPEECH, SHOUT) else text
        style = Style(self._px, is_bold=line.kind == SHOUT, face=self._ground.look.voice)
        return balloon(said, self._fonts, style, most, SWELL[line.kind])

    def _parts(self, text: str) -> list[str]:
        words = text.split()
        if not self._is_parted or len(words) < 6:
            return [text]
        half = _middle(words)
        return [" ".join(words[:half]), " ".join(words[half:])]

    def _piece(self, line: Line, one: Balloon) -> Piece:
        swell, mouth = SWELL[line.kind], self._mouth(line)
        wish = self._share(line.character), 0.0
        return Piece(2 * one.a * swell, 2 * one.b * swell, True, line.zone, mouth, wish)

    def _sound(self) -> Image.Image | None:
        """As large as there is room for it, up to a sixth of the panel's height."""
        if not self._panel.sfx:
            return None
        rect, text = self._ground.rect, self._panel.sfx.upper()
        most = min(rect.height / 6, rect.width / (0.9 * max(4, len(text))))
        size = max(self._px, round(most * self._size / USUAL))
        return sound(text, self._fonts, Style(size, face="loud"), self._ground.look.sound)

    # --- who stands where: nobody has told, so those who are seen share the panel's width

    def _seen(self) -> list[str]:
        return list(dict.fromkeys(actor.character for actor in self._panel.actors))

    def _share(self, character: str) -> float:
        """How far along the panel's width somebody stands; in its middle, who is not seen."""
        seen = self._seen()
        share = (seen.index(character) + 0.5) / len(seen) if character in seen else 0.5
        return 1 - share if self._ground.is_rtl else share

    def _mouth(self, line: Line) -> Point | None:
        if line.is_off or line.character not in self._seen():
            return None
        r = self._ground.rect
        return r.x + self._share(line.character) * r.width, r.y + (EYES + FACE / 3) * r.height

    def _spot(self, share: Point | None) -> Point | None:
        """A place in percent of the panel, on the page."""
        r = self._ground.rect
        return share and (r.x + share[0] / 100 * r.width, r.y + share[1] / 100 * r.height)

    def _tip(self, line: Line, at: Point) -> Point:
        """The mouth, or beside the panel where the speaker is not in it."""
        if pointed := self._spot(line.tail):
            return pointed
        r = self._ground.rect
        edge = r.x if at[0] < r.x + r.width / 2 else r.x + r.width
        return self._mouth(line) or (edge, at[1] + 2 * self._px)

    def _faces(self) -> list[Rect]:
        r = self._ground.rect
        side = FACE * min(r.width, r.height)
        middles = [r.x + self._share(character) * r.width for character in self._seen()]
        return [Rect(x - side / 2, r.y + EYES * r.height - side / 2, side, side) for x in middles]


def _middle(words: Sequence[str]) -> int:
    """Where a text is parted best: after a sentence, else after a comma, else anywhere, near its middle."""

    def ugly(at: int) -> float:
        end = words[at - 1][-1]
        return abs(at - len(words) / 2) / len(words) + (
            0.0 if end in ".!?…" else 0.2 if end in ",;:—" else 0.4
        )

    return min(range(2, len(words) - 1), key=ugly)
