"""Without a command: the studio in the browser."""

import argparse
import os
import socket
import threading

from platformdirs import user_data_path

from commands import setting
from domain.errors import StudioError
from domain.settings import ComfySettings
from infrastructure.backends import connect
from infrastructure.presets_file import read_presets
from infrastructure.project_files import open_project
from infrastructure.storyboard_files import open_storyboard
from services.render import Order
from services.sample import Sample

SAMPLE = "piano-fourth-floor"


@setting.told_plainly
def run(asked: argparse.Namespace) -> int:
    _check_free(asked.port)
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")  # read while gradio is imported
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    from addons import window  # two seconds that no other command should wait for

    sample = _sample()
    try:
        window.launch(window.build(sample), asked.port, not asked.no_browser, sample)
        print(f"Cindergrace Studio is open at http://127.0.0.1:{asked.port}  (Ctrl+C ends it)", flush=True)
        sample.start()
        while True:  # in stretches: on Windows nothing interrupts a wait without an end
            threading.Event().wait(1.0)
    except KeyboardInterrupt:
        print("Closing …", flush=True)
    finally:
        sample.stop()
    return setting.DONE


def _sample() -> Sample:
    board, _ = open_storyboard(setting.HERE / "examples" / f"{SAMPLE}.json")
    folder = user_data_path(setting.NAME) / "sample" / SAMPLE
    workflows = setting.workflows()

    def order() -> Order:
        return Order(
            board,
            open_project(folder),
            connect(ComfySettings()),
            workflows.load(setting.KEYFRAME_WORKFLOW),
            workflows.load(setting.VIDEO_WORKFLOW),
            read_presets(),
            (board.width, board.height),
            variants=1,
        )

    return Sample(order, board.title, folder)


def _check_free(port: int) -> None:
    with socket.socket() as probe:
        if os.name == "posix":  # elsewhere it would take a port that is in use
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise StudioError(
                f"Port {port} is in use. If the studio is running already, open http://127.0.0.1:{port}; "
                f"else choose another one: --port {port + 1}."
            ) from error
