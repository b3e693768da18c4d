"""The files that make a version elsewhere are carried out: a script on a volume, a Dockerfile's steps."""

import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest
import requests
import yaml

from domain.versions.derived.dockerfile import dockerfile
from domain.versions.derived.filling import filling
from domain.versions.derived.pod import pod_start
from domain.versions.lock import digest
from infrastructure.versions.launch import free_port
from infrastructure.versions.store import Store
from services.versions import sweeping
from worker import version_check

ROOT = Path(__file__).parent.parent.parent
STYLE = "loras/style.safetensors"


def ran(script, *words, **given):
    return subprocess.run(
        ["bash", "-c", script, "script", *words],
        env={**os.environ, **given},
        capture_output=True,
        text=True,
        timeout=100,
    )


@pytest.fixture
def volume(tmp_path):
    return tmp_path / "volume"


@pytest.fixture
def fill(keeper, volume):
    """Runs the script that fills a volume."""
    lock = keeper.resolve().needed_lock()
    return lambda **given: ran(filling(lock), STUDIO_VOLUME=str(volume), **given)


def test_a_volume_is_filled_and_the_second_time_nothing_comes(fill, world, volume):
    assert fill().returncode == 0
    content = world.host.files["/style.safetensors"]
    assert (volume / "models" / STYLE).read_bytes() == content
    sha256 = hashlib.sha256(content).hexdigest()
    blob = volume / "studio-store" / "models" / "sha256" / sha256[:2] / sha256 / "blob"
    assert blob.samefile(volume / "models" / STYLE) and blob.stat().st_mode & 0o777 == 0o444
    before = world.host.sent
    assert fill().returncode == 0 and world.host.sent == before


def test_what_broke_off_goes_on_where_it_was(fill, world, volume):
    world.host.breaks = [600_000]
    done = fill()
    assert done.returncode == 1 and f"{STYLE} did not come. What came is kept" in done.stderr
    assert fill().returncode == 0
    assert (volume / "models" / STYLE).read_bytes() == world.host.files["/style.safetensors"]
    assert world.host.sent == 1_000_000


def test_what_is_something_else_never_gets_its_name(fill, world, volume):
    good = world.host.files["/style.safetensors"]
    world.host.files["/style.safetensors"] = b"X" + good[1:]
    done = fill()
    assert done.returncode == 1 and f"{STYLE} is not what the lock says" in done.stderr
    assert not (volume / "models" / STYLE).exists()
    world.host.files["/style.safetensors"] = good
    assert fill().returncode == 0 and (volume / "models" / STYLE).read_bytes() == good


def test_a_file_that_somebody_put_there_is_taken_and_another_is_left_alone(fill, world, volume):
    there = volume / "models" / STYLE
    there.parent.mkdir(parents=True)
    there.write_bytes(world.host.files["/style.safetensors"])
    assert fill().returncode == 0 and world.host.sent == 0
    there.unlink()
    there.write_bytes(b"mine")
    done = fill()
    assert done.returncode == 1 and "is another file and is left as it is" in done.stderr
    assert there.read_bytes() == b"mine"


def test_what_a_volume_without_hard_links_has_by_name_is_not_swept(fill, keeper, volume, tmp_path):
    ln = tmp_path / "bin" / "ln"
    ln.parent.mkdir()
    ln.write_text('#!/bin/sh\ncase $1 in -f) exit 1 ;; esac\nexec /bin/ln "$@"\n')
    ln.chmod(0o755)
    assert fill(PATH=f"{ln.parent}:{os.environ['PATH']}").returncode == 0
    assert (volume / "models" / STYLE).is_symlink()
    shelf = replace(keeper.shelf, store=Store(volume / "studio-store"))
    sweeping.collect(shelf, is_dry=False)
    assert (volume / "models" / STYLE).is_file()
    (volume / "models" / STYLE).unlink()
    sweeping.collect(shelf, is_dry=False)
    assert not shelf.store.blobs.all()


def test_a_model_without_an_address_is_named(keeper, volume, tmp_path):
    mine = tmp_path / "mine.pt"
    mine.write_bytes(b"mine" * 100)
    models = [{"source": str(mine), "target_subdir": "loras"}]
    lock = keeper.resolve(models=models).needed_lock()
    done = ran(filling(lock), STUDIO_VOLUME=str(volume))
    assert done.returncode == 1 and "loras/mine.pt: nobody hands it out." in done.stderr
    to = volume / "models" / "loras" / "mine.pt"
    to.parent.mkdir(parents=True, exist_ok=True)
    to.write_bytes(mine.read_bytes())
    assert ran(filling(lock), STUDIO_VOLUME=str(volume)).returncode == 0


def test_a_pod_starts_the_version(keeper, volume, tmp_path):
    closure = keeper.realize().realization.closure
    version, port = keeper.shelf.version("film-a"), free_port()
    script = tmp_path / "pod.sh"
    script.write_text(pod_start(version.needed_lock(), version.spec, closure))
    given = {"STUDIO_VOLUME": str(volume), "STUDIO_HOME": str(ROOT), "STUDIO_PYTHON": sys.executable}
    given |= {"HOST": "127.0.0.1", "PORT": str(port), "REALIZE_ARGS": "--no-probe"}
    log = tmp_path / "log"
    with log.open("wb") as out:
        pod = subprocess.Popen(
            ["bash", script], env={**os.environ, **given}, stdout=out, stderr=out, start_new_session=True
        )
    try:
        answer = waited(pod, f"http://127.0.0.1:{port}/system_stats", log)
        words = answer["system"]["argv"]
        assert (
            str(volume / "studio-store" / "builds" / "film-a") in words[words.index("--base-directory") + 1]
        )
        assert f"film-a is ready, closure {closure}" in log.read_text()
        blob = (volume / "models" / STYLE).stat()
        assert blob.st_nlink >= 2
    finally:
        os.killpg(pod.pid, signal.SIGTERM)
        pod.wait(30)


def waited(process, url, log):
    for _ in range(300):
        try:
            return requests.get(url, timeout=5).json()
        except requests.ConnectionError:
            assert process.poll() is None, log.read_text()[-3000:]
            threading.Event().wait(0.2)
    raise AssertionError(log.read_text()[-3000:])


def test_a_pod_on_a_network_volume_keeps_packages_off_it_and_results_on_it(keeper, volume, tmp_path):
    """Its disk is told to be a network's."""
    version = keeper.resolve()
    fake = tmp_path / "bin"
    fake.mkdir()
    (fake / "stat").write_text('#!/bin/sh\n[ "$1" = -f ] && echo fuseblk || exec /usr/bin/stat "$@"\n')
    (fake / "stat").chmod(0o755)
    script = pod_start(version.needed_lock(), version.spec)
    given = {"STUDIO_VOLUME": str(volume), "STUDIO_HOME": str(ROOT), "STUDIO_PYTHON": sys.executable}
    given |= {"PATH": f"{fake}:{os.environ['PATH']}", "STUDIO_LOCAL": str(tmp_path / "local")}
    done = ran(script.rpartition("\nrun=(")[0], REALIZE_ARGS="--no-probe", **given)
    assert done.returncode == 0, done.stderr
    assert "the volume is a network's" in done.stderr
    assert sorted(path.name for path in (volume / "studio-store").glob("*/")) == ["builds", "models"]
    assert (tmp_path / "local" / "envs").is_dir()
    (tmp_path / "local" / "builds" / "film-a" / "output" / "film.mp4").write_text("made")
    assert (volume / "studio-store" / "builds" / "film-a" / "output" / "film.mp4").read_text() == "made"
    assert (volume / "models" / STYLE).is_file()


def unescaped(quoted):
    return re.sub(r"\\(.)", r"\1", quoted[1])


class Image:
    """A Dockerfile's steps, carried out below a folder in place of /."""

    def __init__(self, text, root):
        self.root, self.env = root, {}
        lines = iter(text.splitlines())
        for line in lines:
            if line.startswith("COPY <<"):
                mark, to = re.fullmatch(r'COPY <<"(\w+)" (\S+)', line).groups()
                body = []
                while (inner := next(lines)) != mark:
                    body.append(inner + "\n")
                self._write(to, "".join(body))
                continue
            while line.endswith("\\"):
                line = line[:-1] + next(lines)
            word, _, rest = line.partition(" ")
            if word == "RUN":
                self._run(re.sub(r"--mount=\S+ +", "", rest))
            elif word == "ENV":
                pairs = re.findall(r'(\w+)=("(?:[^"\\]|\\.)*"|\S+)', rest)
                self.env |= {name: re.sub(r'"(.*)"', unescaped, value) for name, value in pairs}

    def at(self, path):
        return self.root / path.lstrip("/")

    def _there(self, words):
        return re.sub(r"(?<![\w/.-])/(?=comfyui|opt/|var/)", f"{self.root}/", words)

    def _write(self, to, text):
        self.at(to).parent.mkdir(parents=True, exist_ok=True)
        self.at(to).write_text(text)

    def _run(self, words):
        env = {name: self._there(value) for name, value in self.env.items() if name != "PATH"}
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", self._there(words)],
            cwd=ROOT,
            env={**os.environ, **env},
            capture_output=True,
            text=True,
            timeout=100,
        )
        assert done.returncode == 0, f"{words}\n{done.stdout}{done.stderr}"


def with_our_uv(text):
    """Packages come from the test's own folder, where no uv is."""
    program = subprocess.run(
        [sys.executable, "-c", "import uv; print(uv.find_uv_bin())"], capture_output=True, text=True
    ).stdout.strip()
    text = re.sub(r"/opt/worker/bin/python -m venv /opt/uv \\\n", "true \\\n", text)
    text = re.sub(r"    && /opt/uv/bin/pip install .*\n", "", text)
    return text.replace(
        "/opt/uv/bin/uv pip sync", f"{program} pip sync --no-index --find-links $PIP_FIND_LINKS"
    ).replace("/opt/uv/bin/uv", program)


def test_an_image_holds_what_was_realized_to_the_byte(described):
    lock, closure, root = described
    image = Image(with_our_uv(dockerfile(lock, closure)), root)  # its last step compares the closure
    assert image.env["SHOWN"] == 'a "b"'
    comfy = image.at("/comfyui")
    assert (comfy / "custom_nodes" / "alpha" / "__init__.py").is_file()
    assert json.loads((comfy / "cindergrace-version.json").read_text())["closure"] == closure
    paths = yaml.safe_load((comfy / "extra_model_paths.yaml").read_text())
    assert paths["cindergrace"]["loras"] == "models/loras"


def test_an_image_that_is_not_what_the_lock_says_is_not_built(described, capsys):
    lock, closure, root = described
    image = Image(with_our_uv(dockerfile(lock, closure)), root)
    check = [str(image.at("/opt/version/lock.json")), "--comfy", str(image.at("/comfyui"))]
    check += ["--env", str(image.at("/opt/venv"))]
    assert version_check.main(check) == 0
    (package,) = image.at("/opt/venv").glob("lib/*/site-packages/greeting/__init__.py")
    package.write_text("VERSION = 'mine'\n")
    (image.at("/comfyui") / "main.py").write_text("pass\n")
    assert version_check.main(check) == 1
    told = capsys.readouterr().err
    assert "ComfyUI was changed: main.py" in told
    assert "greeting/__init__.py is not what its package says" in told
    assert "its closure is" in told


def test_a_lock_of_another_machine_is_told_and_one_that_does_not_say_which(described, tmp_path, capsys):
    lock, _, root = described
    other = replace(lock, platform=replace(lock.platform, arch="aarch64", python="3.99"))
    env = root / "env"
    env.mkdir()
    (env / "pyvenv.cfg").write_text("home = /usr/bin\nversion_info = 3.11.7\n")
    file = tmp_path / "lock.json"
    words = [str(file), "--comfy", str(root), "--env", str(env)]
    file.write_text(other.text)
    assert version_check.main(words) == 1
    told = capsys.readouterr().err
    assert "the lock is for linux on aarch64, and this is linux on x86_64" in told
    assert "the lock is for Python 3.99, and the environment has 3.11.7" in told
    content = json.loads(lock.text)
    content["platform"] = {}
    del content["lock_sha256"]
    file.write_text(json.dumps({**content, "lock_sha256": digest(content)}))
    assert version_check.main(words) == 1
    assert "platform.os is missing: the lock does not say which machine" in capsys.readouterr().err


def test_models_that_are_baked_are_there_by_their_hash(described, world):
    lock, _, root = described
    text = with_our_uv(dockerfile(lock, bakes=True)).replace(
        "RUN apt-get update", "RUN true ||  apt-get update"
    )
    image = Image(text.replace("&& rm -rf /var/lib/apt/lists/*", ""), root)
    assert (image.at("/comfyui/models") / STYLE).read_bytes() == world.host.files["/style.safetensors"]
    world.host.files["/style.safetensors"] = b"another"
    with pytest.raises(AssertionError, match="sha256sum"):
        Image(text.replace("&& rm -rf /var/lib/apt/lists/*", ""), root / "second")
