"""What a serverless worker hands back, brought home: from inside its answer or from where it lies."""

import hashlib
from collections.abc import Generator
from pathlib import Path
from typing import cast

from domain.errors import BadFile, JobFailed, JobRejected
from domain.events import Progress
from domain.inline import bytes_of
from domain.job import Job
from domain.serverless import FRAME, Output, Result
from infrastructure.clip_frames import CLIPS, beside
from infrastructure.comfy_history import RemoteFile
from infrastructure.fetching import fetch
from infrastructure.part_files import writing

LARGEST = 4 << 30  # bytes of one file


def brought_home(result: Result, job: Job) -> Generator[Progress, None, list[Path]]:
    """Every file the job saved, under names of our own. Raises JobFailed that names what is lost, and
    BackendUnreachable for what may still be fetched later."""
    saved: list[Path] = []
    for number, output in enumerate(_wanted(result)):
        suffix = RemoteFile(output.filename, "", "").suffix
        to = job.folder / f"{job.name}{f'-{number + 1}' if number else ''}{suffix}"
        yield from _brought(output, to)
        saved.append(to)
    if result.texts and not saved:
        to = job.folder / f"{job.name}.txt"
        with writing(to) as part:
            part.write_text("\n\n".join(result.texts), encoding="utf-8")
        saved.append(to)
    if clip := next((file for file in saved if file.suffix in CLIPS), None) if result.frame else None:
        yield from _brought(cast(Output, result.frame), beside(clip))
    if not saved:
        raise JobFailed("The workflow ran but saved no file that this worker hands out. " + _advice(result))
    return saved


def _wanted(result: Result) -> list[Output]:
    """What was saved; previews only when there is nothing else."""
    files = [output for output in result.outputs if output.kind != FRAME]
    return [output for output in files if output.type != "temp"] or files


def _brought(output: Output, to: Path) -> Generator[Progress, None, None]:
    try:
        if output.url:
            digest = yield from fetch(output.url, to, LARGEST)
            size = to.stat().st_size
        else:
            content = bytes_of(output.data)
            digest, size = hashlib.sha256(content).hexdigest(), len(content)
            if _is_whole(output, digest, size):
                with writing(to) as part:
                    part.write_bytes(content)
    except JobRejected as error:
        raise JobFailed(f"{output.filename} did not arrive: {error}") from error
    except BadFile as error:
        raise JobFailed(f"{output.filename} arrived damaged. Try it again.") from error
    if not _is_whole(output, digest, size):
        to.unlink(missing_ok=True)
        raise JobFailed(f"{output.filename} arrived damaged: it is not what the worker sent. Try it again.")


def _is_whole(output: Output, digest: str, size: int) -> bool:
    return output.size in (None, size) and output.sha256.lower() in ("", digest)


def _advice(result: Result) -> str:
    if result.worker is None:
        return "Public workers return pictures only: no sound, no text, no video of VHS_VideoCombine."
    return "Does it end in a save node?"
