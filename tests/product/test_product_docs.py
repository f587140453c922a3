"""What docs/concepts/product.md shows is what is printed."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pullcord.cli.product import app

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "concepts" / "product.md").read_text(encoding="utf-8")
CONSOLE = re.findall(r"^```console\n(.*?)^```", PAGE, re.M | re.S)
SHOWN = [
    shown for block in CONSOLE for shown in re.findall(r"^\$ pullcord product (.*)\n((?:(?!\$ ).*\n)*)", block, re.M)
]


@pytest.mark.parametrize(("command", "output"), SHOWN, ids=[command for command, _ in SHOWN])
def test_a_command_prints_what_the_page_shows(command, output, monkeypatch):
    monkeypatch.chdir(ROOT)
    assert CliRunner().invoke(app, command.split()).stdout == output


def test_the_python_example_prints_what_the_page_shows():
    ((code, output),) = re.findall(r"^```python\n(.*?)^```\n\n```text\n(.*?)^```", PAGE, re.M | re.S)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(code, "docs/concepts/product.md", "exec"), {})
    assert printed.getvalue() == output
