"""The sketch engine's parts, as far as it has any that can be tried."""

import numpy
import PIL

from infrastructure.one_go_probe import OneGoProbe
from infrastructure.sketch import ENGINE


class SketchProbe(OneGoProbe):
    without = {  # noqa: RUF012  read only
        "connect": "The sketch engine is part of the studio; there is nobody to connect to.",
        "nodes": "The sketch engine draws any workflow, whatever its nodes.",
        "models": "The sketch engine needs no models.",
        "upload": "The sketch engine reads files where they lie.",
        "preview": "A sketch is done before a preview of it would be.",
        "download": "The sketch engine writes files where they belong.",
    }

    def versions(self) -> dict[str, str]:
        return {"Sketch engine": str(ENGINE), "Pillow": PIL.__version__, "numpy": numpy.__version__}
