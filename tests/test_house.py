"""The house rules, read from the source itself: who may import whom, and where time, chance and settings come in."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "src" / "pullcord"

# From the roof to the ground. A room imports only rooms that stand below it.
FLOORS = (
    "cli",
    "bench",
    "rush",
    "server",
    "shop",
    "api",
    "web",
    "report",
    "study",
    "twin",
    "app",
    "settings",
    "journey",
    "desk",
    "insight",
    "redesign",
    "outlook",
    "catalogue",
    "survey",
    "program",
    "claims",
    "campaigns",
    "channel",
    "orders",
    "promising",
    "offers",
    "alliance",
    "exchange",
    "production",
    "procurement",
    "logistics",
    "battery",
    "aftersales",
    "finance",
    "demand",
    "blp",
    "choice",
    "privacy",
    "accounts",
    "product",
    "mismatch",
    "solvers",
    "store",
    "base",
)

LINES_MAX = 500
NAMES_WITHOUT_A_THOUGHT = {"utils", "util", "helpers", "helper", "common", "misc", "manager"}


@dataclass(frozen=True, slots=True)
class Import:
    """One import of one of our own rooms."""

    file: Path
    line: int
    room: str  # "" stands for the package itself
    inner: str  # module path below the room's front door, "" at the door
    names: tuple[str, ...]  # what is taken by name; empty for `import x`

    def __str__(self) -> str:
        return f"{self.file.relative_to(ROOT)}:{self.line}"


def sources() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


@cache
def tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"), str(file))


def room_of(file: Path) -> str:
    """The room a file belongs to; the package's own `__init__` has none."""
    top = file.relative_to(PACKAGE).parts[0].removesuffix(".py")
    return "" if top == "__init__" else top


def imports(file: Path) -> Iterator[Import]:
    package = file.relative_to(PACKAGE.parent).with_suffix("").parts[:-1]
    for node in ast.walk(tree(file)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield from _ours(file, node.lineno, alias.name.split("."), ())
        elif isinstance(node, ast.ImportFrom):
            base = list(package[: len(package) - node.level + 1]) if node.level else []
            module = base + (node.module.split(".") if node.module else [])
            names = tuple(alias.name for alias in node.names)
            if module == ["pullcord"]:  # from pullcord import store: the names are rooms
                for name in names:
                    yield from _ours(file, node.lineno, ["pullcord", name], ())
            else:
                yield from _ours(file, node.lineno, module, names)


def _ours(file: Path, line: int, module: list[str], names: tuple[str, ...]) -> Iterator[Import]:
    if module[0] == "pullcord":
        room = module[1] if len(module) > 1 and module[1] != "__version__" else ""
        yield Import(file, line, room, ".".join(module[2:]), names)


def front_door(room: str) -> set[str] | None:
    """What a room lists in `__all__`; None for a room that is a single module."""
    door = PACKAGE / room / "__init__.py"
    if not door.exists():
        return None
    for node in tree(door).body:
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "__all__" for t in node.targets):
            return set(ast.literal_eval(node.value))
    return set()


def dotted(node: ast.AST) -> str:
    """`a.b.c` as written, or nothing for what is no plain chain of names."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else ""


def no_faults(faults: list[str]) -> None:
    assert not faults, "\n" + "\n".join(sorted(faults))


def test_every_room_has_its_floor() -> None:
    rooms = {room_of(file) for file in sources()} - {""}
    no_faults([f"pullcord.{room} has no floor: say in FLOORS what it stands on" for room in rooms - set(FLOORS)])


def test_imports_run_only_downwards() -> None:
    depth = {room: floor for floor, room in enumerate(FLOORS)}
    no_faults(
        [
            f"{found}: {own} imports {found.room or 'the package'}, which does not stand below it"
            for file in sources()
            if (own := room_of(file)) in depth
            for found in imports(file)
            if found.room not in ("", own) and depth.get(found.room, -1) <= depth[own]
        ]
    )


def test_foundations_do_not_import_the_package_itself() -> None:
    no_faults(
        [
            f"{found}: take what you need from its room, not from `pullcord`"
            for file in sources()
            if room_of(file) not in ("", "cli", "report")
            for found in imports(file)
            if not found.room
        ]
    )


def test_other_rooms_are_entered_by_the_front_door() -> None:
    faults = []
    for file in sources():
        for found in imports(file):
            if found.room in ("", room_of(file)):
                continue
            if found.inner:
                faults.append(f"{found}: `pullcord.{found.room}.{found.inner}` is an inner room")
                continue
            door = front_door(found.room)
            if door is not None:
                faults += [
                    f"{found}: `{name}` does not stand in __all__ of pullcord.{found.room}"
                    for name in found.names
                    if name not in door
                ]
    no_faults(faults)


def test_front_doors_offer_what_they_say() -> None:
    faults = []
    for door in sorted(PACKAGE.glob("*/__init__.py")):
        listed = front_door(door.parent.name) or set()
        bound = {
            alias.asname or alias.name
            for node in tree(door).body
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
        } | {node.name for node in tree(door).body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
        bound |= {
            t.id for n in tree(door).body if isinstance(n, ast.Assign) for t in n.targets if isinstance(t, ast.Name)
        }
        faults += [f"{door.relative_to(ROOT)}: __all__ lists `{name}`, which is not there" for name in listed - bound]
    no_faults(faults)


def test_the_environment_is_read_in_settings_only() -> None:
    faults = []
    for file in sources():
        if room_of(file) == "settings":
            continue
        for node in ast.walk(tree(file)):
            if dotted(node) in ("os.environ", "os.getenv", "os.environb") or (
                isinstance(node, ast.ImportFrom)
                and node.module == "os"
                and any(alias.name in ("environ", "getenv") for alias in node.names)
            ):
                faults.append(f"{file.relative_to(ROOT)}:{node.lineno}: settings are read in settings.py, once")
    no_faults(faults)


CLOCKS = re.compile(r"(datetime\.)?(datetime|date)\.(now|utcnow|today)|time\.(time|time_ns|localtime|gmtime)")
# Types may be named, generators may not be made; `stream` makes them.
CHANCE = re.compile(r"(np|numpy)\.random\.(?!Generator$)\w+|uuid\.uuid[14]|os\.urandom")


def test_time_and_chance_come_in_by_the_front_door() -> None:
    faults = []
    for file in sources():
        if room_of(file) == "base":
            continue
        place = file.relative_to(ROOT)
        for node in ast.walk(tree(file)):
            name = dotted(node)
            if CLOCKS.fullmatch(name):
                faults.append(f"{place}:{node.lineno}: `{name}`; take the time from a Clock or the transaction")
            elif CHANCE.fullmatch(name):
                faults.append(f"{place}:{node.lineno}: `{name}`; take chance from pullcord.base.stream")
            elif isinstance(node, ast.Import | ast.ImportFrom):
                modules = [a.name for a in node.names] if isinstance(node, ast.Import) else [node.module or ""]
                faults += [
                    f"{place}:{node.lineno}: `{module}`; take chance from pullcord.base.stream"
                    for module in modules
                    if module in ("random", "secrets", "numpy.random")
                ]
    no_faults(faults)


def test_a_module_is_one_thought() -> None:
    faults = []
    for folder in ("src", "tests", "benchmarks"):
        for file in sorted((ROOT / folder).rglob("*.py")):
            place = file.relative_to(ROOT)
            if file.stem in NAMES_WITHOUT_A_THOUGHT:
                faults.append(f"{place}: `{file.stem}` names no thought")
            lines = len(file.read_text(encoding="utf-8").splitlines())
            if lines > LINES_MAX:
                faults.append(f"{place}: {lines} lines are more than a sitting ({LINES_MAX})")
    no_faults(faults)


def test_every_module_says_what_it_is() -> None:
    no_faults(
        [
            f"{file.relative_to(ROOT)}: no docstring opens the module"
            for file in sources()
            if not ast.get_docstring(tree(file))
        ]
    )


def kept_files() -> list[Path]:
    """What the repository keeps; a copy without its history is walked instead."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listed.returncode == 0 and listed.stdout:
        return [ROOT / name for name in listed.stdout.decode().split("\0") if name and (ROOT / name).is_file()]
    generated = {".venv", ".git", "out", "build", "dist"}
    return [
        file
        for file in ROOT.rglob("*")
        if file.is_file() and not any(p in generated or p.endswith("cache") for p in file.relative_to(ROOT).parts[:-1])
    ]


# Written in pieces, so that this file passes its own test.
_SLASH = "/"
MACHINE_PATH = re.compile(
    rf"(?<![\w.~)}}\]>-]){_SLASH}(work|farm|root|tmp|home|Users|mnt)(?={_SLASH}\w)|[A-Z]:\\Users", re.ASCII
)
REGISTRY_HOST = re.compile(
    "|".join(map(re.escape, ("pypi" + ".org", "python" + "hosted", "registry." + "npmjs", "deb." + "debian"))), re.I
)


def test_nothing_names_a_machine_or_a_registry() -> None:
    faults = []
    for file in kept_files():
        content = file.read_bytes()
        if b"\0" in content:
            continue
        for number, line in enumerate(content.decode("utf-8").splitlines(), 1):
            for rule, why in ((MACHINE_PATH, "a path of one machine"), (REGISTRY_HOST, "a registry's host")):
                if hit := rule.search(line):
                    faults.append(f"{file.relative_to(ROOT)}:{number}: `{hit[0]}` is {why}")
    no_faults(faults)


@pytest.mark.parametrize("written", ["/work" + "/main", "see /home" + "/me", "'/tmp" + "/x'", "C:" + "\\Users"])
def test_a_machine_path_is_recognised(written: str) -> None:
    assert MACHINE_PATH.search(written)


@pytest.mark.parametrize("written", ["src/work" + "/x", "out/tmp" + "/x", "${root}/home" + "/x", "orders/home"])
def test_a_relative_path_is_no_machine_path(written: str) -> None:
    assert not MACHINE_PATH.search(written)
