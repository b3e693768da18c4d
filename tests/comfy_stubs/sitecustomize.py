"""Lets ComfyUI import torchvision and torchaudio where there are none; the tests need neither to work.

Python reads a module of this name when it starts, if its folder is in PYTHONPATH.
"""

import sys
from importlib.machinery import ModuleSpec

ABSENT = ("torchvision", "torchaudio")


class _AbsentType(type):
    def __getattr__(cls, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return Absent


class Absent(metaclass=_AbsentType):
    """Stands for anything in those packages, until somebody wants to use it."""

    def __init__(self, *args, **kwargs):
        raise RuntimeError("torchvision and torchaudio are not part of the test server")


class Finder:
    """Finds every module of the absent packages, and fills it with Absent."""

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ABSENT:
            return ModuleSpec(name, self, is_package=True)
        return None

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        module.__version__ = "0.0.0"
        module.__getattr__ = lambda name: getattr(Absent, name)


sys.meta_path.append(Finder())
