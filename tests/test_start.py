"""start.py as a user meets it: run in a folder of its own, with a package index of its own."""

import ast
import contextlib
import http.server
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import start

HOUSE = Path(__file__).parent.parent
LONGEST = 90  # seconds; making an environment takes three
MAIN = """
import sys
import brush
print("main", brush.VERSION, *sys.argv[1:])
sys.exit(7 if "fail" in sys.argv else 0)
"""


class House:
    """A copy of start.py in a folder, with a main.py that needs the package `brush`."""

    def __init__(self, folder: Path):
        self.folder = folder / "the studio é"
        self.index = folder / "index"
        self.folder.mkdir()
        self.index.mkdir()
        shutil.copy(HOUSE / "start.py", self.folder)
        (self.folder / "main.py").write_text(MAIN)
        self.needs("brush==1.0")
        (self.folder / "requirements-dev.txt").write_text("pytest==1.0\n")
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("PIP_")},
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": self.index.as_uri(),
        }

    def needs(self, requirement: str) -> None:
        (self.folder / "requirements.txt").write_text(requirement + "\n")

    def publish(self, name: str, version: str, source: str) -> None:
        """Put a package of one module into the index."""
        info = f"{name}-{version}.dist-info"
        about = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        with zipfile.ZipFile(self.index / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
            wheel.writestr(f"{name}.py", source)
            wheel.writestr(f"{info}/METADATA", about)
            wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
            wheel.writestr(f"{info}/RECORD", f"{name}.py,,\n{info}/METADATA,,\n{info}/WHEEL,,\n")

    def begin(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, str(self.folder / "start.py"), *arguments],
            env=self.environment | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            start_new_session=True,
        )

    def start(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        process = self.begin(*arguments, **environment)
        out, err = process.communicate(timeout=LONGEST)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    @property
    def log(self) -> str:
        return (self.folder / ".venv.log").read_text(encoding="utf-8")


@pytest.fixture
def house(tmp_path) -> House:
    house = House(tmp_path)
    house.publish("brush", "1.0", "VERSION = '1.0'")
    return house


@pytest.fixture(scope="session")
def first_start(tmp_path_factory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    house = House(tmp_path_factory.mktemp("first"))
    house.publish("brush", "1.0", "VERSION = '1.0'")
    return house.folder, house.start("render", "my board.json", "--json")


@pytest.fixture
def started_house(house, first_start) -> House:
    """A house that has been set up before; it may even have been moved since."""
    shutil.rmtree(house.folder)
    shutil.copytree(first_start[0], house.folder, symlinks=True)
    return house


@pytest.fixture
def house_with_environment(started_house) -> House:
    """One with an environment as `python -m venv` makes it: nothing is in but pip."""
    venv = started_house.folder / ".venv"
    site = next(venv.glob("**/site-packages"))
    for path in (*venv.glob("*.installed"), *site.glob("brush*"), *site.glob("__pycache__/brush*")):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    return started_house


def last_line(text: str) -> str:
    return text.strip().splitlines()[-1]


def test_the_first_start_installs_and_the_second_only_starts(first_start, started_house):
    _, first = first_start
    assert (first.returncode, first.stdout) == (0, "main 1.0 render my board.json --json\n"), first.stderr
    assert "Setting up the studio" in first.stderr
    assert started_house.log.count("Successfully installed") == 1

    shutil.rmtree(started_house.index)  # nothing could be installed now
    log = started_house.log
    second = started_house.start("fail")
    assert (second.returncode, second.stdout, second.stderr) == (7, "main 1.0 fail\n", "")
    assert started_house.log == log


def test_a_new_pin_is_installed_at_the_next_start(started_house):
    started_house.publish("brush", "1.1", "VERSION = '1.1'")
    started_house.needs("brush==1.1")
    assert started_house.start().stdout == "main 1.1\n"


def test_tests_get_what_they_need_on_top_and_run_in_the_house(house_with_environment):
    house = house_with_environment
    source = "import os, sys, brush\nprint('pytest', *sys.argv[1:], os.path.basename(os.getcwd()))"
    house.publish("pytest", "1.0", source)
    assert house.start("test", "--real", "-k", "film").stdout == "pytest --real -k film the studio é\n"
    shutil.rmtree(house.index)
    studio = house.start("shots")
    assert (studio.stdout, studio.stderr) == ("main 1.0 shots\n", "")


def test_without_a_network_one_sentence_says_so_and_what_was_there_still_works(started_house):
    nowhere = {"PIP_NO_INDEX": "", "PIP_FIND_LINKS": "", "PIP_INDEX_URL": "http://127.0.0.1:9/simple"}
    done = started_house.start("test", **nowhere)
    assert (done.returncode, done.stdout) == (2, "")
    assert "check the internet connection and start again" in last_line(done.stderr)
    assert str(started_house.folder / ".venv.log") in done.stderr
    assert "Traceback" not in done.stderr

    again = started_house.start(**nowhere)
    assert (again.returncode, again.stdout, again.stderr) == (0, "main 1.0\n", "")


def test_a_package_that_is_nowhere_is_named(started_house):
    started_house.needs("brush==9.9")
    done = started_house.start()
    assert done.returncode == 2
    assert "No matching distribution found for brush==9.9" in last_line(done.stderr)
    assert ".venv.log has the details" in last_line(done.stderr)


@pytest.mark.parametrize("module", ["venv", "ensurepip"])
def test_a_python_without_venv_says_what_to_install(house, tmp_path, module):
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    (hidden / f"{module}.py").write_text(f"raise ModuleNotFoundError('hidden', name={module!r})")
    done = house.start(PYTHONPATH=str(hidden))
    assert done.returncode == 2
    assert f"Python's {module} module is missing" in last_line(done.stderr)
    assert "sudo apt install python3." in last_line(done.stderr)


def test_an_environment_without_pip_is_made_anew(house):
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", house.folder / ".venv"], check=True)
    assert house.start().stdout == "main 1.0\n"


def test_an_environment_somebody_made_by_hand_is_used(house_with_environment):
    house = house_with_environment
    kept = house.folder / ".venv" / "kept"
    kept.touch()
    assert house.start().stdout == "main 1.0\n"
    assert kept.exists()


def test_an_environment_whose_python_is_gone_is_made_anew(started_house):
    python = next(
        path for path in (started_house.folder / ".venv").rglob("python*") if path.name in PYTHON_NAMES
    )
    python.unlink()
    python.symlink_to(started_house.folder / "python of last year")
    assert started_house.start().stdout == "main 1.0\n"


PYTHON_NAMES = ("python", "python.exe")


def test_an_environment_of_a_replaced_python_is_made_anew(started_house):
    settings = started_house.folder / ".venv" / "pyvenv.cfg"
    own = f"= {sys.version_info[0]}.{sys.version_info[1]}."
    settings.write_text(settings.read_text().replace(own, "= 3.9."))
    assert started_house.start().stdout == "main 1.0\n"
    assert own in settings.read_text()


def test_a_start_killed_in_the_middle_is_made_good_by_the_next(house):
    """It is killed while its pip asks a package server that does not answer; pip lives on for a while."""
    asked, over = threading.Event(), threading.Event()

    class Silent(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.set()
            over.wait(LONGEST)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Silent) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/simple"
        killed = house.begin(PIP_NO_INDEX="", PIP_FIND_LINKS="", PIP_INDEX_URL=url, PIP_RETRIES="0")
        assert asked.wait(LONGEST)
        killed.kill()
        killed.communicate(timeout=LONGEST)
        (house.folder / ".venv" / "half").touch()

        following = house.begin()
        assert following.stderr.readline() == "Another start is setting up; waiting for it.\n"
        over.set()  # pip gives up
        out, err = following.communicate(timeout=LONGEST)
        server.shutdown()

    assert out == "main 1.0\n", err
    assert not (house.folder / ".venv" / "half").exists()


def test_two_first_starts_at_once_install_once(house):
    starts = [house.begin(str(number)) for number in (1, 2)]
    said = [process.communicate(timeout=LONGEST) for process in starts]
    assert [out for out, _ in said] == ["main 1.0 1\n", "main 1.0 2\n"], said
    assert house.log.count("Successfully installed") == 1
    assert sum("waiting for it" in err for _, err in said) <= 1


def test_ctrl_c_while_setting_up_ends_quietly(house):
    with start.locked(house.folder / ".venv.lock"):
        waiting = house.begin()
        assert "waiting" in waiting.stderr.readline()
        waiting.send_signal(signal.SIGINT)
        _, err = waiting.communicate(timeout=LONGEST)
    assert waiting.returncode == 130
    assert "Traceback" not in err


def test_ctrl_c_reaches_the_studio_and_its_exit_code_comes_back(started_house):
    (started_house.folder / "main.py").write_text(
        "import sys, time\n"
        "try:\n    print('up', flush=True)\n    time.sleep(60)\n"
        "except KeyboardInterrupt:\n    sys.exit(130)\n"
    )
    studio = started_house.begin()
    assert studio.stdout.readline() == "up\n"
    os.killpg(studio.pid, signal.SIGINT)
    assert studio.wait(LONGEST) == 130
    studio.communicate()


@contextlib.contextmanager
def folder_nobody_may_write_in() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file in ("start.py", "requirements.txt"):
            shutil.copy(HOUSE / file, folder)
        folder.chmod(0o555)
        is_root = os.geteuid() == 0
        if is_root:
            os.seteuid(NOBODY)  # root may write anywhere
        try:
            yield folder
        finally:
            if is_root:
                os.seteuid(0)
            folder.chmod(0o755)


NOBODY = 65534


def test_a_folder_that_cannot_be_written_says_what_to_do(capsys):
    with folder_nobody_may_write_in() as folder:
        spec = importlib.util.spec_from_file_location("start_there", folder / "start.py")
        start_there = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(start_there)
        assert start_there.main([]) == 2
    assert f"cannot set itself up in {folder.resolve()} (Permission denied)" in capsys.readouterr().err


def test_an_old_python_is_told_which_one_to_get():
    with pytest.raises(start.Trouble, match=r"needs Python 3\.10 or newer, and this is 3\.8;"):
        start.check_python((3, 8, 18))
    start.check_python((3, 10, 0))


def test_an_old_python_can_read_the_file_at_all():
    ast.parse((HOUSE / "start.py").read_text(encoding="utf-8"), feature_version=(3, 7))


def test_a_lock_is_given_up_after_a_while(tmp_path):
    with (
        start.locked(tmp_path / "lock"),
        pytest.raises(start.Trouble, match="end that one and start again"),
        start.locked(tmp_path / "lock", longest_wait=0.2),
    ):
        pass


def test_every_pin_is_exact():
    for name in ("requirements.txt", "requirements-dev.txt"):
        lines = (HOUSE / name).read_text().splitlines()
        pins = [line for line in lines if line and not line.startswith(("#", "-r "))]
        assert pins
        assert all("==" in pin.partition(";")[0] for pin in pins)
