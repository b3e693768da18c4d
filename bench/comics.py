"""How long pages take that are lettered for print, and a book of them. Prints a table.

    python -m bench.comics [--pages 20] [--dpi 300]

The pages are those of examples/the-red-umbrella.txt, over and over, on A4, with pictures as large as models
draw them. Beside each figure stands what Pillow alone takes in the same run: for a page, to open the same
pictures, fit them into their places and paste them; for a book, to encode its pages as JPEG besides. Each
book is made in a process of its own, whose memory is told at its highest.
"""

import argparse
import io
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from PIL import Image, ImageOps

from domain.comic import Comic, Page
from domain.comic_prompts import size_of
from domain.comic_rules import settled
from infrastructure.comics.layout_file import layouts
from infrastructure.comics.page_files import QUALITY
from infrastructure.fonts import Fonts
from services.comic_art import AREA
from services.comic_export import FORMATS
from services.comic_pages import drawn
from services.comic_paper import Paper
from services.comic_plan import read

SCRIPT = Path(__file__).parent.parent / "examples" / "the-red-umbrella.txt"
BOOKS = "pdf", "cbz"
ROUNDS = 3


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--pages", type=int, default=20)
    asked.add_argument("--dpi", type=int, default=300)
    asked.add_argument("--once", nargs=2, help=argparse.SUPPRESS)
    words = asked.parse_args()
    comic, paper = long_comic(words.pages), Paper(dpi=words.dpi)
    if words.once:
        folder, what = Path(words.once[0]), words.once[1]
        print(json.dumps(once(comic, paper, folder, what)))
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_pictures(comic, paper, folder)
        page_table(comic, paper, folder)
        command = [sys.executable, "-m", "bench.comics", "--pages", f"{words.pages}", "--dpi", f"{words.dpi}"]
        book_table(len(comic.pages), [*command, "--once", name])


def long_comic(count: int) -> Comic:
    comic = read(SCRIPT).comic
    (first, *_), pages = comic.chapters, comic.pages
    plain = [replace(page, panels=tuple(replace(p, id="") for p in page.panels)) for page in pages]
    many = tuple(plain[n % len(plain)] for n in range(count))
    return settled(replace(comic, chapters=(replace(first, pages=many),)), layouts())[0]


def places(comic: Comic, page: Page, paper: Paper) -> list[tuple[str, tuple[int, int], tuple[int, int]]]:
    """Of each panel: its id, where it begins on the page, and how large it is there, in pixels."""
    size = paper.px(paper.width), paper.px(paper.height)
    rects = layouts()[page.layout].rects(size, paper.px(paper.margin), paper.px(paper.gutter), comic.is_rtl)
    return [
        (panel.id, (round(rect.x), round(rect.y)), (round(rect.width), round(rect.height)))
        for panel, rect in zip(page.panels, rects, strict=True)
    ]


def make_pictures(comic: Comic, paper: Paper, folder: Path) -> None:
    """Soft shapes with a grain, as large as a model draws the panel."""
    for page in comic.pages:
        for id, _, (width, height) in places(comic, page, paper):
            size = size_of(width / height, AREA, 16)
            soft = [Image.effect_noise((16, 12), 150).resize(size, Image.Resampling.BICUBIC) for _ in "RGB"]
            grain = Image.effect_noise(size, 40)
            Image.merge("RGB", [Image.blend(one, grain, 0.15) for one in soft]).save(folder / f"{id}.png")


def pictures_in(comic: Comic, folder: Path) -> Mapping[str, Path]:
    return {panel.id: folder / f"{panel.id}.png" for _, panel in comic.panels}


def by_pillow(comic: Comic, page: Page, paper: Paper, folder: Path) -> Image.Image:
    image = Image.new("RGB", (round(paper.px(paper.width)), round(paper.px(paper.height))), "white")
    for id, at, size in places(comic, page, paper):
        with Image.open(folder / f"{id}.png") as picture:
            image.paste(ImageOps.fit(picture.convert("RGB"), size, Image.Resampling.LANCZOS), at)
    return image


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds by the clock, and of this process's CPU."""
    began, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - began, time.process_time() - cpu


def page_table(comic: Comic, paper: Paper, folder: Path) -> None:
    pictures, fonts = pictures_in(comic, folder), Fonts()
    lettered, plain = list[tuple[float, float]](), list[tuple[float, float]]()
    for _ in range(ROUNDS):
        pages = drawn(comic, pictures, paper, fonts)
        for page in comic.pages[:5]:
            lettered.append(timed(lambda pages=pages: next(pages)))
            plain.append(timed(lambda page=page: by_pillow(comic, page, paper, folder)))
    wall, cpu = (statistics.median(one[n] for one in lettered) for n in (0, 1))
    alone, alone_cpu = (statistics.median(one[n] for one in plain) for n in (0, 1))
    worst = max(lettered)[0]
    print(f"| a lettered A4 page, {paper.dpi} dpi, not encoded: median, worst | {wall:.2f}, {worst:.2f} s |")
    print(f"| … CPU of it | {cpu:.2f} s |")
    print(f"| … Pillow alone, its CPU | {alone:.2f}, {alone_cpu:.2f} s: ×{cpu / alone_cpu:.2f} of CPU |")


def book_table(count: int, command: list[str]) -> None:
    said = {what: json.loads(subprocess.check_output([*command, what])) for what in ("pillow", *BOOKS)}
    for what, one in said.items():
        ratio = one["cpu"] / said["pillow"]["cpu"]
        took = f"{one['seconds']:.1f} s, CPU {one['cpu']:.1f} s, ×{ratio:.2f}"
        print(f"| {count} pages, {what} | {took}, memory {one['memory']:.0f} MB, {one['size']:.0f} MB |")


def once(comic: Comic, paper: Paper, folder: Path, what: str) -> dict[str, float]:
    out, pictures = folder / f"book.{what}", pictures_in(comic, folder)

    def write() -> None:
        if what == "pillow":
            out.write_bytes(b"".join(encoded(by_pillow(comic, page, paper, folder)) for page in comic.pages))
            return
        for _ in FORMATS[what](comic, pictures, paper, out):
            pass

    seconds, cpu = timed(write)
    return {"seconds": seconds, "cpu": cpu, "memory": peak(), "size": out.stat().st_size / 1e6}


def encoded(image: Image.Image) -> bytes:
    content = io.BytesIO()
    image.save(content, "JPEG", quality=QUALITY, subsampling=0)
    return content.getvalue()


def peak() -> float:
    """The most memory that this process has had, in MB; Linux only."""
    status = Path("/proc/self/status").read_text("ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1000


if __name__ == "__main__":
    main()
