"""Sketched panels: the same for the same words and seed, in every size and every process."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from infrastructure.sketch.panel import panel

PROMPT = "three children running through a wheat field, golden hour"
HOUSE = Path(__file__).parent.parent
DIGEST = """
import hashlib, sys
from infrastructure.sketch.panel import panel
print(hashlib.sha256(panel(sys.argv[1], 7, (320, 180)).picture().tobytes()).hexdigest())
"""


def digest(prompt, seed, size=(320, 180)):
    return hashlib.sha256(panel(prompt, seed, size).picture().tobytes()).hexdigest()


def test_equal_seeds_give_equal_pictures_and_others_do_not():
    assert digest(PROMPT, 7) == digest(PROMPT, 7)
    assert digest(PROMPT, 7) != digest(PROMPT, 8)
    assert digest(PROMPT, 0) != digest(PROMPT, 1)


@pytest.mark.parametrize("hash_seed", ["1", "2"])
def test_another_process_draws_the_same(hash_seed):
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(HOUSE)}
    done = subprocess.run(
        [sys.executable, "-c", DIGEST, PROMPT],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=HOUSE,
        env=environment,
        check=True,
    )
    assert done.stdout.strip() == digest(PROMPT, 7)


@pytest.mark.parametrize("size", [(64, 64), (90, 160), (161, 91), (512, 512), (2048, 858)])
def test_any_size_is_drawn(size):
    drawn = panel("a knight before a castle at night, rain", 3, size)
    wide, high = drawn.size
    assert abs(wide / high - size[0] / size[1]) < 0.02 * size[0] / size[1]
    x0, y0, x1, y1 = drawn.window
    assert drawn.picture().crop((x0, y0, x1, y1)).convert("L").getextrema()[1] > 60


def test_night_is_darker_than_noon():
    def light(time):
        return sum(panel(f"a man in a street at {time}", 4, (320, 180)).picture().convert("L").tobytes())

    assert light("night") < 0.6 * light("noon")


def test_a_named_colour_is_in_the_picture():
    def reds(prompt):
        flat = panel(prompt, 2, (480, 270)).picture().tobytes()
        pixels = zip(flat[0::3], flat[1::3], flat[2::3], strict=True)
        return sum(r > 110 and r > 1.7 * g and r > 1.7 * b for r, g, b in pixels)

    assert reds("full shot of a woman in a red coat in a street, noon") > 400
    assert reds("full shot of a woman in a blue coat in a street, noon") < 60


def test_there_is_nothing_but_the_slate_in_the_bars():
    picture = panel(PROMPT, 1, (1024, 576)).picture()
    assert len(picture.crop((0, 0, 1024, 30)).getcolors()) == 1
