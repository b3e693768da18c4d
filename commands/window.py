"""Without a command: the studio in the browser."""

import argparse
import errno
import logging
import os
import shutil
import socket
import sys
import threading
import webbrowser
from functools import partial
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from platformdirs import user_cache_path, user_data_path, user_documents_path

from commands import setting
from domain.errors import StudioError
from domain.places import Places
from infrastructure.instance_file import InstanceFile

FIRST_PORT, PORTS = 7860, 20
SAMPLE = "piano-fourth-floor"
ANY = "0.0.0.0"


@setting.told_plainly
def run(asked: argparse.Namespace) -> int:
    places = _places(asked.data_dir)
    password = os.environ.get("CINDERGRACE_PASSWORD", "")
    instance = InstanceFile(places.instance)
    if address := instance.found():
        print(f"Cindergrace Studio is open already at {address}", flush=True)
        _show(address, asked)
        return setting.DONE
    _log(asked.verbose)
    with instance.alone(), _bound(ANY if asked.listen else asked.host, asked.port) as listener:
        is_open = not ip_address(listener.getsockname()[0]).is_loopback
        if is_open and not password:
            raise StudioError(
                "Letting other computers in needs a password: set CINDERGRACE_PASSWORD in the environment "
                "first."
            )
        os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # these are read while gradio is imported
        os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
        os.environ["GRADIO_TEMP_DIR"] = str(places.cache / "gradio")
        shutil.rmtree(places.cache / "gradio", ignore_errors=True)  # what a killed studio left there
        try:
            _serve(asked, places, listener, password if is_open else "")
        except KeyboardInterrupt:
            print("Closing …", flush=True)
    return setting.DONE


def _log(is_verbose: bool) -> None:
    logging.basicConfig(level=logging.DEBUG if is_verbose else logging.WARNING)
    if is_verbose:
        logging.getLogger("urllib3").setLevel(logging.INFO)  # it tells addresses whose signatures are keys


def _serve(asked: argparse.Namespace, places: Places, listener: socket.socket, password: str) -> None:
    from addons import serving, window  # two seconds that no other command should wait for
    from services.studio import Studio

    host, port = listener.getsockname()[:2]
    address = f"http://{_reached_by(host)}:{port}/"
    studio = Studio(places)
    try:
        studio.set(**{key: value for key in ("theme", "language") if (value := getattr(asked, key))})
        studio.begin(setting.HERE / "examples" / f"{SAMPLE}.json")
        names = ["127.0.0.1", "localhost", host, f"[{host}]"]
        token = os.environ.get("CINDERGRACE_API_TOKEN", "").strip()
        app = window.app(studio, ["*"] if password else names, password, token)
        serving.serve(app, listener, studio, partial(_announce, address, places, asked))
    finally:
        try:
            _leave(studio)
        finally:
            studio.close()
        InstanceFile(places.instance).remove()


def _leave(studio: Any) -> None:
    """A pod costs on when the studio is closed: whoever closes it is asked, or told."""
    costing = studio.machines.leave()
    for name in studio.machines.spending.awaited:
        print(f"A pod {name} may still come to be: look for it with python main.py pods list", flush=True)
    if not costing:
        return
    names, price = " and ".join(pod.name for pod in costing), sum(pod.price for pod in costing)
    cost = f"Running: {names}, for {price:.2f} USD an hour, also while the studio is closed."
    stop = "\n".join(f"To stop it: python main.py pods stop {pod.id}" for pod in costing)
    if not (sys.stdin and sys.stdin.isatty()):
        print(f"{cost}\n{stop}", flush=True)
        return
    try:
        answer = input(f"{cost} Stop now? [Y/n] ").strip().lower()
    except (EOFError, KeyboardInterrupt):
        answer = "n"
    if answer in ("", "y", "yes"):
        said = studio.machines.stop_now()
        print("\n".join([*said, stop] if said else ["Stopped."]), flush=True)


def _reached_by(host: str) -> str:
    """What an address that is listened on is called in a browser."""
    address = ip_address(host)
    if address.is_unspecified:
        return "127.0.0.1" if address.version == 4 else "[::1]"
    return f"[{host}]" if address.version == 6 else host


def _announce(address: str, places: Places, asked: argparse.Namespace) -> None:
    """Say where the studio is, now that it answers."""
    InstanceFile(places.instance).write(address)
    print(f"Cindergrace Studio is open at {address}  (Ctrl+C ends it)", flush=True)
    _show(address, asked)


def _show(address: str, asked: argparse.Namespace) -> None:
    if not asked.no_browser:
        threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()


def _bound(host: str, port: int | None) -> socket.socket:
    """A socket that listens: at the port asked for, else at the first free one."""
    host = host or ANY
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for candidate in [port] if port else range(FIRST_PORT, FIRST_PORT + PORTS):
        # asyncio sends small answers at once only on sockets that say they are TCP; 40 ms late otherwise
        listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        if os.name == "posix":  # elsewhere it would take a port that is in use
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, candidate))
            listener.listen()
        except OSError as error:
            listener.close()
            if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
                raise StudioError(f"{host} is no name of this machine. Leave --host out.") from error
            if port and error.errno == errno.EACCES:
                raise StudioError(f"Port {port} needs an administrator. Choose one: --port 8000.") from error
            if port:
                raise StudioError(
                    f"Port {port} is in use. Leave --port out, or choose another one."
                ) from error
        else:
            return listener
    raise StudioError(
        f"No port from {FIRST_PORT} to {FIRST_PORT + PORTS - 1} is free. Choose one: --port 8000."
    )


def _places(data_dir: str | None) -> Places:
    """Where everything is: in the user's own folders, or all in one."""
    if data_dir:
        top = Path(data_dir).resolve()
        return Places(top / "settings.json", top, top / "projects", top / "cache")
    projects = user_documents_path() / "Cindergrace Studio"
    return Places(
        setting.settings_path(), user_data_path(setting.NAME), projects, user_cache_path(setting.NAME)
    )
