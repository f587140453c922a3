"""The command line as a whole: every command is listed and explained, and runs as an installed program."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
from typed import Type

from pullcord.cli import app
from small_house import FOLDER


def commands(group: Any, words: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], Any]]:
    """Every command of the program with the words that call it."""
    found = [(words, group)] if words else []
    for name, command in getattr(group, "commands", {}).items():
        found += commands(command, (*words, name))
    return found


ALL = commands(typer.main.get_command(app))
LEAVES = [(words, command) for words, command in ALL if not hasattr(command, "commands")]


def test_every_group_lists_its_commands(pullcord: Type) -> None:
    top = pullcord("--help")
    assert top.status == 0
    for words, command in ALL:
        listed = top.out if len(words) == 1 else pullcord(*words[:-1], "--help").out
        assert f" {words[-1]} " in listed, f"`{' '.join(words)}` is not listed"
        assert command.help, f"`{' '.join(words)}` is not explained"


def test_every_command_that_answers_can_answer_in_json() -> None:
    without = [
        " ".join(words)
        for words, command in LEAVES
        if not any("--json" in parameter.opts for parameter in command.params)
    ]
    assert without == []


def test_every_option_is_explained() -> None:
    silent = [
        f"{' '.join(words)} {parameter.opts[0]}"
        for words, command in LEAVES
        for parameter in command.params
        if parameter.param_type_name == "option" and not parameter.help
    ]
    assert silent == []


@pytest.mark.parametrize("words", [(), ("order",), ("finance",)])
def test_no_command_at_all_shows_what_there_is(pullcord: Type, words: tuple[str, ...]) -> None:
    told = pullcord(*words)
    assert "Usage" in told.out + told.err
    assert told.status in (0, 2)  # Click changed its mind about which


def test_the_installed_program_keeps_results_and_talk_apart(tmp_path: Path) -> None:
    def run(*words: str) -> subprocess.CompletedProcess[str]:
        program = Path(sys.executable).with_name("pullcord")
        return subprocess.run([program, *words], cwd=tmp_path, capture_output=True, text=True, check=False)

    wish = ["--variant", "black", "--plan", "owned", "--city", "chengdu", "--at", "2025-06-03T09:00+08:00"]
    done = run("order", "reserve", str(FOLDER), "o-1", *wish, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith('{"order_id":"o-1","state":"reserved"')
    failed = run("order", "quote", str(FOLDER), "o-2", "--at", "2025-06-03T09:00+08:00")
    assert (failed.returncode, failed.stdout) == (3, "")
    assert failed.stderr == "error: there is no order `o-2`\nhint: reserve it first\n"
