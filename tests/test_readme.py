"""The commands in README and tutorial work as printed, and print what is shown."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
# What sets up or runs the whole project is not run again inside its own tests, only checked to exist.
CHECKED_ONLY = re.compile(r"(make|git clone|cd)\b")
ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
SECONDS_MAX = 600


@dataclass(frozen=True, slots=True)
class Shown:
    """One command of a console block and the output shown under it."""

    line: int
    command: str
    output: tuple[str, ...]


def shown_commands(text: str) -> list[Shown]:
    """The `$ ` commands inside ```console fences, in order; a backslash continues a command on the next line."""
    found: list[Shown] = []
    inside = False
    continued = False
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("```"):
            inside = not inside and line.strip() == "```console"
            continued = False
        elif not inside:
            continue
        elif continued and found:
            last = found[-1]
            found[-1] = Shown(last.line, last.command.removesuffix("\\").rstrip() + " " + line.strip(), ())
            continued = line.endswith("\\")
        elif line.startswith("$ "):
            found.append(Shown(number, line[2:].strip(), ()))
            continued = line.endswith("\\")
        elif found:
            last = found[-1]
            found[-1] = Shown(last.line, last.command, (*last.output, line))
    return found


def missing_line(shown: tuple[str, ...], printed: str) -> str | None:
    """The first shown line that was not printed, in order; `...` stands for anything, also inside a line."""
    lines = [ANSI.sub("", line).rstrip() for line in printed.splitlines()]
    at = 0
    for wanted in shown:
        if not wanted.strip(" .…"):
            continue
        pattern = re.compile(".*".join(re.escape(part) for part in re.split(r"\.\.\.|…", wanted.rstrip())))
        while at < len(lines) and not pattern.fullmatch(lines[at]):
            at += 1
        if at == len(lines):
            return wanted
        at += 1
    return None


def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))


@pytest.fixture(scope="module")
def working_copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a clone would hold, with this environment as its .venv."""
    copy = tmp_path_factory.mktemp("clone")
    generated = shutil.ignore_patterns(".venv", ".git", "out", "__pycache__", ".*_cache", ".hypothesis")
    shutil.copytree(ROOT, copy, ignore=generated, dirs_exist_ok=True)
    (copy / ".venv").symlink_to(sys.prefix)
    return copy


@pytest.mark.parametrize("page", ["README.md", "docs/tutorial.md"])
def test_the_commands_of_a_page_work(page: str, working_copy: Path) -> None:
    source = ROOT / page
    commands = shown_commands(source.read_text(encoding="utf-8")) if source.exists() else []
    if not commands:
        pytest.skip(f"{page} shows no commands yet")
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("PULLCORD_DATABASE", "PYTEST_"))
    }
    environment |= {
        "PATH": os.pathsep.join([str(Path(sys.prefix) / "bin"), environment.get("PATH", os.defpath)]),
        "NO_COLOR": "1",
        "TERM": "dumb",
        "COLUMNS": "120",
    }
    for shown in commands:
        place = f"{page}:{shown.line}: $ {shown.command}"
        if CHECKED_ONLY.match(shown.command):
            if shown.command.startswith("make"):
                asked = [word for word in shown.command.split("#")[0].split()[1:] if "=" not in word and word[0] != "-"]
                assert set(asked) <= make_targets(), f"{place}: the Makefile has no such target"
            continue
        run = subprocess.run(
            ["bash", "-c", shown.command],
            cwd=working_copy,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=SECONDS_MAX,
            check=False,
        )
        printed = run.stdout.decode("utf-8", "replace")
        assert run.returncode == 0, f"{place}: exit status {run.returncode}\n{printed[-4000:]}"
        missing = missing_line(shown.output, printed)
        assert missing is None, f"{place}: shown but not printed: {missing}\nprinted:\n{printed[-4000:]}"


def test_commands_are_read_with_their_output() -> None:
    page = "text\n```console\n$ make demo\n$ echo a \\\n    b\na b\n...\n```\n```python\n$ no\n```\n"
    assert shown_commands(page) == [Shown(3, "make demo", ()), Shown(4, "echo a b", ("a b", "..."))]


def test_shown_lines_must_be_printed_in_order() -> None:
    printed = "one\ntwo 2.5 s\nthree\n"
    assert missing_line(("one", "...", "three"), printed) is None
    assert missing_line(("two ... s",), printed) is None
    assert missing_line(("three", "one"), printed) == "one"
    assert missing_line(("four",), printed) == "four"
