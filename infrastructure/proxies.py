"""Small copies for looking and choosing: videos that step and seek quickly, pictures for lists."""

from collections.abc import Generator
from contextlib import suppress
from hashlib import sha256 as digest
from io import BytesIO
from pathlib import Path
from threading import Lock

from PIL import ExifTags, Image, ImageOps, ImageStat, UnidentifiedImageError

from domain.errors import BadFile
from infrastructure import ffmpeg
from infrastructure.clip_frames import picture
from infrastructure.clip_parts import Part, container
from infrastructure.part_files import writing

_PICTURES = {".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff"}
_MOST_PIXELS = 100_000_000  # of a source: no thumbnail is worth more memory
_TALLEST = 16  # times its width
_LATER = (12, 24, 48, 96)  # frames
_DARKEST = 8  # mean of 255 below which a frame counts as black
_LOCKS = (Lock(), Lock())  # so many are made at a time, and the same one never twice


def encode_proxy(part: Part, to: Path) -> Generator[int, None, None]:
    """A part for the browser: a key frame every half second, and frames in the order they are shown."""
    picture = ["-i", str(part.source.path.absolute()), "-map", "0:V:0", "-vf", part.filters]
    exact = ["-frames:v", str(part.frames), "-fps_mode", "cfr", "-r", str(part.fps)]
    quick = ["-c:v", "libx264", "-preset", "veryfast", "-tune", "fastdecode", "-crf", "23", "-bf", "0"]
    steps = ["-g", str(max(1, round(part.fps / 2))), "-sc_threshold", "0"]
    finish = [*container(part.fps), "-movflags", "+faststart", str(to.absolute())]
    return ffmpeg.run(
        [*picture, *exact, *quick, *steps, *finish], f"{part.source.path} cannot be shown small"
    )


def stamp(source: Path, *more: object) -> str:
    """A short name that changes when the file does."""
    try:
        stat = source.stat()
    except OSError as error:
        raise BadFile(f"There is no file {source}.") from error
    content = [str(source.absolute()), stat.st_size, stat.st_mtime_ns, *more]
    return digest(repr(content).encode()).hexdigest()[:24]


def thumbnail(source: Path, width: int, folder: Path) -> Path:
    """A WebP of a picture, or of a video's first frame that is not black, at most this wide; made once."""
    name = stamp(source, width)
    to = folder / f"{name}.webp"
    if to.exists():
        return to
    with _LOCKS[int(name, 16) % len(_LOCKS)]:
        if not to.exists():
            with writing(to) as part:
                _small(source, width).save(part, "WEBP", quality=82, method=2)
    return to


def _small(source: Path, width: int) -> Image.Image:
    is_picture = source.suffix.lower() in _PICTURES
    try:
        with Image.open(source if is_picture else BytesIO(_telling(source))) as image:
            if image.width * image.height > _MOST_PIXELS:
                size = f"{image.width}×{image.height}"
                raise BadFile(f"{source} has {size} pixels, which are too many to be shown small.")
            is_turned = image.getexif().get(ExifTags.Base.Orientation, 1) > 4
            box = (_TALLEST * width, width) if is_turned else (width, _TALLEST * width)
            small = _plain(image)
            small.thumbnail(box, reducing_gap=2.0)  # reads a JPEG at a fraction of its size
            return ImageOps.exif_transpose(small)
    except (UnidentifiedImageError, Image.DecompressionBombError, SyntaxError, ValueError) as error:
        raise BadFile(f"{source} is not a picture that can be read.") from error
    except OSError as error:  # without a strerror it is Pillow's own complaint about what is in the file
        raise BadFile(f"{source} cannot be read: {error.strerror or error}.") from error


def _telling(video: Path) -> bytes:
    """The first frame, or a later one where a film fades in from black."""
    first = picture(video, 0)
    for frame in _LATER:
        if not _is_black(first):
            break
        with suppress(BadFile):  # the video is shorter
            first = picture(video, frame)
    return first


def _is_black(png: bytes) -> bool:
    with Image.open(BytesIO(png)) as image:
        return ImageStat.Stat(image.convert("L")).mean[0] < _DARKEST


def _plain(image: Image.Image) -> Image.Image:
    """The picture in colours that can be made smaller, with its transparency."""
    if image.mode.startswith("I"):
        return image.convert("I").point(lambda value: value / 256).convert("L")
    if image.mode in ("RGB", "RGBA", "L"):
        return image
    has_alpha = "A" in image.mode or "transparency" in image.info
    return image.convert("RGBA" if has_alpha else "RGB")
