"""frame: a video's last, first or n-th frame as a picture."""

import argparse
from pathlib import Path

from commands import setting
from infrastructure.clip_frames import first_frame, frame, last_frame


@setting.told_plainly
def run(asked: argparse.Namespace) -> int:
    video, picture = Path(asked.video), Path(asked.picture)
    if asked.number is not None:
        print(frame(video, asked.number, picture))
    else:
        print((first_frame if asked.first else last_frame)(video, picture))
    return setting.DONE
