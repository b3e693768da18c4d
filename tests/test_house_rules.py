"""The rules of the house, read from the source itself. Each rule tells every breach at once."""

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from sys import stdlib_module_names

import pytest

HOUSE = Path(__file__).parent.parent
FLOORS = ("domain", "infrastructure", "services", "addons", "worker", "commands", "main", "start")
FLOORS += ("scripts", "tests", "bench")
MAY_IMPORT = {
    "domain": {"domain"},
    "infrastructure": {"domain", "infrastructure"},
    "services": {"domain", "infrastructure", "services"},
    "worker": {"domain", "infrastructure", "worker"},
    "addons": {"domain", "services", "addons"},
    "commands": {"domain", "infrastructure", "services", "addons", "commands"},
    "main": {"domain", "infrastructure", "services", "addons", "commands", "main"},
    "start": set[str](),
    "scripts": {"main"},  # other names for its commands
}
ONLY_IN = {
    "gradio": {"addons"},
    "fastapi": {"addons"},
    "starlette": {"addons"},
    "uvicorn": {"addons"},
    "PIL": {"infrastructure", "services"},
    "numpy": {"infrastructure", "services"},
    "imageio_ffmpeg": {"infrastructure"},
    "platformdirs": {"infrastructure", "commands"},
    "requests": {"infrastructure"},
    "websocket": {"infrastructure"},
    "http.client": {"infrastructure"},
    "socket": {"infrastructure", "commands", "addons"},  # the window's own port
    "urllib.request": {"infrastructure"},
    "subprocess": {"infrastructure", "start"},
}
OUTSIDE_WORLD = {"asyncio", "glob", "http", "io", "logging", "multiprocessing", "os", "random", "secrets"}
OUTSIDE_WORLD |= {"shutil", "socket", "sqlite3", "subprocess", "sys", "tempfile", "threading", "time"}
TOUCHES_DISK = {"exists", "is_dir", "is_file", "iterdir", "mkdir", "read_bytes", "read_text"}
TOUCHES_DISK |= {"rglob", "stat", "touch", "unlink", "write_bytes", "write_text"}
READS_CLOCK = {"now", "today", "utcnow", "uuid1", "uuid4"}
HTTP_CLIENTS = {"urllib.request", "urllib3", "http.client", "httpx", "aiohttp", "requests.api"}
HTTP_CLIENTS |= {"requests.sessions", "requests.adapters"}
NO_REQUEST = {"urllib.request.url2pathname", "urllib.request.pathname2url", "urllib3.exceptions"}
BUILDS_REQUEST = {"get", "head", "post", "put", "patch", "delete", "options", "request"}
BUILDS_REQUEST |= {"Request", "PreparedRequest", "Session", "session"}
BUILDS_SOCKET = {"create_connection", "WebSocket", "WebSocketApp"}
MACHINE_PATH = re.compile(r"/(?:root|work|home/\w+|Users/\w+)/|[A-Z]:\\+Users\\")

Breaches = Iterator[str]


@dataclass(frozen=True)
class Module:
    """One source file, and what the rules want to know of it."""

    path: str  # "services/film.py"
    source: str

    @property
    def floor(self) -> str:
        return self.path.partition("/")[0].removesuffix(".py")

    @property
    def is_product(self) -> bool:
        return self.floor not in ("tests", "bench")

    @property
    def name(self) -> str:
        return self.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    @cached_property
    def nodes(self) -> list[ast.AST]:
        return list(ast.walk(ast.parse(self.source, self.path)))

    @cached_property
    def functions(self) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
        return [n for n in self.nodes if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef))]

    @cached_property
    def calls(self) -> list[ast.Call]:
        return [n for n in self.nodes if isinstance(n, ast.Call)]

    @cached_property
    def imports(self) -> list[tuple[int, str]]:
        """Each import's line and full name: `from a import b` is "a.b"."""
        found = []
        for node in self.nodes:
            if isinstance(node, ast.Import):
                found += [(node.lineno, alias.name) for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                origin = self._origin(node)
                found += [(node.lineno, f"{origin}.{alias.name}") for alias in node.names]
        return found

    def _origin(self, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        package = self.name.split(".") if self.path.endswith("__init__.py") else self.name.split(".")[:-1]
        above = package[: len(package) - node.level + 1]
        return ".".join([*above, node.module] if node.module else above)

    def at(self, line: int, complaint: str) -> str:
        return f"{self.path}:{line}: {complaint}"


@cache
def house() -> tuple[Module, ...]:
    files = sorted([*HOUSE.glob("*.py"), *HOUSE.glob("[!.]*/**/*.py")])
    return tuple(
        Module(path.relative_to(HOUSE).as_posix(), path.read_text(encoding="utf-8")) for path in files
    )


def is_or_in(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")


def called(call: ast.Call) -> str:
    """What is called, as far as it can be read: "os.system", ".read_text", "open"."""
    match call.func:
        case ast.Name(name):
            return name
        case ast.Attribute(ast.Name(owner), name):
            return f"{owner}.{name}"
        case ast.Attribute(_, name):
            return f".{name}"
    return ""


# --- rules about who may know whom ------------------------------------------------------------------


def imports_run_only_downward(module: Module) -> Breaches:
    allowed = MAY_IMPORT.get(module.floor, set(FLOORS))
    for line, name in module.imports:
        floor = name.partition(".")[0]
        if floor in FLOORS and floor not in allowed:
            yield module.at(line, f"{module.floor} may not import {name}; only {sorted(allowed)}")


def each_library_has_its_floor(module: Module) -> Breaches:
    if not module.is_product:
        return
    for line, name in module.imports:
        for library, floors in ONLY_IN.items():
            if is_or_in(name, library) and module.floor not in floors:
                yield module.at(line, f"{library} belongs in {sorted(floors)}, not in {module.floor}")


def domain_and_start_need_only_python(module: Module) -> Breaches:
    if module.floor not in ("domain", "start"):
        return
    for line, name in module.imports:
        root = name.partition(".")[0]
        if root not in stdlib_module_names and root not in MAY_IMPORT[module.floor]:
            yield module.at(line, f"{name} is not in the standard library")


def domain_touches_neither_disk_nor_clock(module: Module) -> Breaches:
    if module.floor != "domain":
        return
    for line, name in module.imports:
        if name.partition(".")[0] in OUTSIDE_WORLD:
            yield module.at(line, f"domain does not read the outside world: {name}")
    for call in module.calls:
        deed = called(call).rpartition(".")[2]
        if deed in TOUCHES_DISK | READS_CLOCK | {"open", "print", "input"}:
            yield module.at(call.lineno, f"domain neither reads files nor clocks: {deed}()")


# --- rules about size -------------------------------------------------------------------------------


def functions_are_at_most_60_lines(module: Module) -> Breaches:
    limit = 60 if module.is_product else 100
    for function in module.functions:
        lines = (function.end_lineno or 0) - function.lineno + 1
        if lines > limit:
            yield module.at(function.lineno, f"{function.name} has {lines} lines; {limit} are enough")


def files_are_at_most_300_lines(module: Module) -> Breaches:
    limit = 300 if module.is_product else 600
    lines = len(module.source.splitlines())
    if lines > limit:
        yield module.at(limit, f"the file has {lines} lines; which two things is it?")


def functions_take_at_most_6_parameters(module: Module) -> Breaches:
    for function in module.functions:
        arguments = function.args
        names = [a.arg for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
        asked = [name for name in names if name not in ("self", "cls")]
        if len(asked) > 6:
            yield module.at(function.lineno, f"{function.name} takes {len(asked)} parameters; 6 are enough")


def every_module_says_what_it_is_for(module: Module) -> Breaches:
    if module.source.strip() and not ast.get_docstring(ast.parse(module.source)):
        yield module.at(1, "no docstring: what is this module for?")


# --- rules about what is never done -----------------------------------------------------------------


def broad_excepts(module: Module) -> Breaches:
    """Where everything is caught; the whole house has one such place."""
    handlers = [node for node in module.nodes if isinstance(node, ast.ExceptHandler)]
    broad = [handler.lineno for handler in handlers if _is_broad(handler.type)]
    broad += [c.lineno for c in module.calls if "suppress" in called(c) and any(map(_is_broad, c.args))]
    for line in broad:
        yield module.at(line, "a broad except")


def _is_broad(caught: ast.expr | None) -> bool:
    match caught:
        case None:
            return True
        case ast.Tuple(elements):
            return any(map(_is_broad, elements))
    return isinstance(caught, ast.Name) and caught.id in ("Exception", "BaseException")


def nothing_is_mocked(module: Module) -> Breaches:
    for line, name in module.imports:
        if is_or_in(name, "unittest.mock") or is_or_in(name, "mock"):
            yield module.at(line, "use a fake that behaves like the real thing, not a mock")


def no_test_asserts_how_little_time_something_took(module: Module) -> Breaches:
    for node in module.nodes:
        match node:
            case ast.Assert(ast.Compare(ast.BinOp(ast.Call() as now, ast.Sub()), [ast.Lt() | ast.LtE()])):
                if called(now).rpartition(".")[2] in ("monotonic", "perf_counter", "time"):
                    yield module.at(node.lineno, "a busy machine is slow; assert what happened")


def no_command_goes_through_a_shell(module: Module) -> Breaches:
    for call in module.calls:
        if any(k.arg == "shell" and not _is_false(k.value) for k in call.keywords):
            yield module.at(call.lineno, "shell= lets a file name become a command; pass a list")
        if called(call) in ("os.system", "os.popen"):
            yield module.at(call.lineno, f"{called(call)}: pass a list to subprocess")


def _is_false(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value is False


def no_data_becomes_code(module: Module) -> Breaches:
    for line, name in module.imports:
        if name.partition(".")[0] in ("pickle", "marshal", "shelve", "dill", "cloudpickle"):
            yield module.at(line, f"{name} runs what a file says; use JSON")
    for call in module.calls:
        if called(call) in ("eval", "exec", "compile", "__import__"):
            yield module.at(call.lineno, f"{called(call)}() runs data as code")
        if any(k.arg == "allow_pickle" and not _is_false(k.value) for k in call.keywords):
            yield module.at(call.lineno, "allow_pickle runs what a file says")


def no_path_is_of_one_machine(module: Module) -> Breaches:
    for number, line in enumerate(module.source.splitlines(), 1):
        if found := MACHINE_PATH.search(line):
            yield module.at(number, f"{found[0]} is a folder of one machine")


def requests_leave_under_our_name(module: Module) -> Breaches:
    """Built in http_line, which names them (tests/test_leaving_requests.py); a socket names itself."""
    if not module.is_product or module.path == "infrastructure/http_line.py":
        return
    for line, name in module.imports:
        library, _, member = name.rpartition(".")
        is_built = (library == "requests" and member in BUILDS_REQUEST) or library == "websocket"
        is_client = any(is_or_in(name, client) for client in HTTP_CLIENTS)
        if (is_built or is_client) and not any(is_or_in(name, other) for other in NO_REQUEST):
            yield module.at(line, f"{name} leaves without our name; use Line or Session of http_line")
    for line, name in _renamed(module):
        yield module.at(line, f"{name} under another name hides what it sends")
    for call in module.calls:
        library, _, member = called(call).rpartition(".")
        if library == "requests" and member in BUILDS_REQUEST:
            yield module.at(
                call.lineno, f"{library}.{member}() has no name; use Line or Session of http_line"
            )
        if library == "websocket" and member in BUILDS_SOCKET and not _says_who_asks(call):
            yield module.at(call.lineno, f"{library}.{member}() without USER_AGENT in its header")


def _renamed(module: Module) -> Iterator[tuple[int, str]]:
    for node in module.nodes:
        for alias in node.names if isinstance(node, ast.Import) else ():
            if alias.asname and alias.name.partition(".")[0] in ("requests", "websocket"):
                yield node.lineno, alias.name


def _says_who_asks(call: ast.Call) -> bool:
    return any(k.arg == "header" and "USER_AGENT" in ast.unparse(k.value) for k in call.keywords)


RULES: tuple[Callable[[Module], Breaches], ...] = (
    imports_run_only_downward,
    each_library_has_its_floor,
    domain_and_start_need_only_python,
    domain_touches_neither_disk_nor_clock,
    functions_are_at_most_60_lines,
    files_are_at_most_300_lines,
    functions_take_at_most_6_parameters,
    every_module_says_what_it_is_for,
    nothing_is_mocked,
    no_test_asserts_how_little_time_something_took,
    no_command_goes_through_a_shell,
    no_data_becomes_code,
    no_path_is_of_one_machine,
    requests_leave_under_our_name,
)


def circle(modules: tuple[Module, ...]) -> list[str]:
    """Modules that import each other in a ring, or nothing."""
    names = {module.name for module in modules}
    needs = {
        module.name: {name for _, full in module.imports if (name := _known(full, names)) != module.name}
        for module in modules
    }
    try:
        TopologicalSorter({name: found - {""} for name, found in needs.items()}).prepare()
    except CycleError as error:
        return error.args[1]
    return []


def _known(full: str, names: set[str]) -> str:
    """The module an imported name is, or lives in."""
    return next((name for name in (full, full.rpartition(".")[0]) if name in names), "")


# --- the tests --------------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_house_keeps_its_rule(rule):
    breaches = [breach for module in house() for breach in rule(module)]
    assert not breaches, "\n" + "\n".join(breaches)


def test_no_imports_run_in_a_circle():
    ring = circle(house())
    assert not ring, " → ".join(ring)


def test_everything_is_caught_in_one_place_only():
    found = [place for module in house() if module.is_product for place in broad_excepts(module)]
    assert len(found) == 1, "\n" + "\n".join(found)


def test_no_text_names_a_folder_of_one_machine():
    texts = [
        path for suffix in ("md", "json", "toml", "txt", "yml") for path in HOUSE.glob(f"[!.]*/**/*.{suffix}")
    ]
    texts += [*HOUSE.glob("*.md"), *HOUSE.glob("*.toml"), *HOUSE.glob("*.txt"), HOUSE / ".ci" / "run"]
    found = [
        breach
        for path in texts
        for breach in no_path_is_of_one_machine(
            Module(path.relative_to(HOUSE).as_posix(), path.read_text(encoding="utf-8", errors="replace"))
        )
    ]
    assert not found, "\n" + "\n".join(found)


def test_the_whole_house_is_read():
    floors = {module.floor for module in house()}
    assert {"domain", "infrastructure", "services", "commands", "main", "start", "tests"} <= floors
    assert floors <= set(FLOORS), "a floor without rules"


HEAD = '"""A module."""\n'
DEF_61 = "def long():\n" + "    pass\n" * 60
BREACHES = [
    (imports_run_only_downward, "services/a.py", "from addons import window"),
    (imports_run_only_downward, "domain/a.py", "import infrastructure.ffmpeg"),
    (imports_run_only_downward, "addons/a.py", "from infrastructure.ffmpeg import join"),
    (imports_run_only_downward, "start.py", "from domain import job"),
    (imports_run_only_downward, "scripts/a.py", "from services import runs"),
    (imports_run_only_downward, "services/a/b.py", "from ...addons import window"),
    (each_library_has_its_floor, "services/a.py", "def f():\n    import gradio as gr"),
    (each_library_has_its_floor, "services/a.py", "from subprocess import run"),
    (each_library_has_its_floor, "addons/a.py", "import requests.exceptions"),
    (each_library_has_its_floor, "services/a.py", "from urllib import request"),
    (each_library_has_its_floor, "domain/a.py", "from PIL import Image"),
    (domain_and_start_need_only_python, "domain/a.py", "import yaml"),
    (domain_and_start_need_only_python, "start.py", "import requests"),
    (domain_touches_neither_disk_nor_clock, "domain/a.py", "import os.path"),
    (domain_touches_neither_disk_nor_clock, "domain/a.py", "text = path.read_text()"),
    (domain_touches_neither_disk_nor_clock, "domain/a.py", "text = Path('a').read_text()"),
    (domain_touches_neither_disk_nor_clock, "domain/a.py", "made = datetime.now()"),
    (functions_are_at_most_60_lines, "main.py", DEF_61),
    (functions_are_at_most_60_lines, "tests/a.py", DEF_61 + "    pass\n" * 40),
    (files_are_at_most_300_lines, "services/a.py", "a = 1\n" * 300),
    (files_are_at_most_300_lines, "bench/a.py", "a = 1\n" * 600),
    (functions_take_at_most_6_parameters, "domain/a.py", "def f(a, b, c, d, e, *, f, g): ..."),
    (broad_excepts, "addons/a.py", "try:\n    f()\nexcept Exception:\n    pass"),
    (broad_excepts, "addons/a.py", "try:\n    f()\nexcept:\n    pass"),
    (broad_excepts, "addons/a.py", "with suppress(Exception):\n    f()"),
    (broad_excepts, "main.py", "try:\n    f()\nexcept (OSError, Exception): ..."),
    (nothing_is_mocked, "tests/test_a.py", "from unittest import mock"),
    (nothing_is_mocked, "tests/test_a.py", "from unittest.mock import patch"),
    (no_test_asserts_how_little_time_something_took, "tests/a.py", "assert time.monotonic() - began < 3"),
    (no_test_asserts_how_little_time_something_took, "tests/a.py", "assert perf_counter() - a <= 0.5"),
    (no_command_goes_through_a_shell, "infrastructure/a.py", "run('ls', shell=True)"),
    (no_command_goes_through_a_shell, "infrastructure/a.py", "os.system('ls')"),
    (no_data_becomes_code, "infrastructure/a.py", "import pickle"),
    (no_data_becomes_code, "services/a.py", "eval(text)"),
    (no_data_becomes_code, "services/a.py", "np.load(path, allow_pickle=True)"),
    (requests_leave_under_our_name, "infrastructure/a.py", "requests.get(url)"),
    (requests_leave_under_our_name, "infrastructure/a.py", "with requests.Session() as session: ..."),
    (requests_leave_under_our_name, "infrastructure/a.py", "requests.PreparedRequest()"),
    (requests_leave_under_our_name, "infrastructure/a.py", "from requests import post"),
    (requests_leave_under_our_name, "infrastructure/a.py", "import requests as web"),
    (requests_leave_under_our_name, "infrastructure/a.py", "from requests.adapters import HTTPAdapter"),
    (requests_leave_under_our_name, "infrastructure/a.py", "import urllib.request"),
    (requests_leave_under_our_name, "infrastructure/a.py", "from urllib.request import urlopen"),
    (requests_leave_under_our_name, "infrastructure/a.py", "from http.client import HTTPSConnection"),
    (requests_leave_under_our_name, "infrastructure/a.py", "import urllib3"),
    (requests_leave_under_our_name, "addons/a.py", "import httpx"),
    (requests_leave_under_our_name, "infrastructure/a.py", "websocket.create_connection(url)"),
    (requests_leave_under_our_name, "infrastructure/a.py", "websocket.WebSocketApp(url, header=['a: b'])"),
    (requests_leave_under_our_name, "infrastructure/a.py", "from websocket import create_connection"),
    (no_path_is_of_one_machine, "tests/a.py", "# see /" + "root/notes"),
    (no_path_is_of_one_machine, "main.py", "HOME = '/" + "home/kim/films'"),
]


@pytest.mark.parametrize(("rule", "path", "source"), BREACHES)
def test_a_rule_sees_a_breach(rule, path, source):
    assert list(rule(Module(path, HEAD + source)))


def test_a_module_without_a_docstring_is_seen():
    assert list(every_module_says_what_it_is_for(Module("domain/a.py", "a = 1")))


def test_a_circle_is_seen():
    a = Module("services/a.py", "from services.b import name")
    b = Module("services/b.py", "from services import c")
    c = Module("services/c.py", "def late():\n    import services.a")
    assert set(circle((a, b, c))) == {"services.a", "services.b", "services.c"}
    assert circle((a, b)) == []


KEPT = [
    (imports_run_only_downward, "main.py", "from addons import window"),
    (each_library_has_its_floor, "infrastructure/a.py", "import subprocess, requests"),
    (each_library_has_its_floor, "services/a.py", "import gradio_tools, urllib.parse"),
    (domain_touches_neither_disk_nor_clock, "domain/a.py", "from pathlib import Path\nname = Path('a').name"),
    (functions_are_at_most_60_lines, "main.py", "def f():\n" + "    pass\n" * 59),
    (functions_take_at_most_6_parameters, "domain/a.py", "def f(self, a, b, c, d, e, f): ..."),
    (no_test_asserts_how_little_time_something_took, "tests/a.py", "assert time.monotonic() < end"),
    (no_command_goes_through_a_shell, "infrastructure/a.py", "run(['ls'], shell=False)"),
    (no_data_becomes_code, "domain/a.py", "pattern = re.compile('a')"),
    (requests_leave_under_our_name, "infrastructure/a.py", "from urllib3.exceptions import HTTPError"),
    (requests_leave_under_our_name, "infrastructure/a.py", "from urllib.request import url2pathname"),
    (requests_leave_under_our_name, "infrastructure/a.py", "import requests\nSession().get(url)"),
    (
        requests_leave_under_our_name,
        "infrastructure/a.py",
        "websocket.create_connection(u, header=[USER_AGENT])",
    ),
]


@pytest.mark.parametrize(("rule", "path", "source"), KEPT)
def test_a_rule_lets_good_code_pass(rule, path, source):
    assert not list(rule(Module(path, HEAD + source)))
