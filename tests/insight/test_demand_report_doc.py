"""The worked examples of the page on the demand report print what the page says they print."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "concepts" / "demand-report.md"
EXAMPLE = re.compile(r"```python\n(?P<code>.*?)```\s*```text\n(?P<printed>.*?)```", re.DOTALL)
EXAMPLES = [(m["code"], m["printed"]) for m in EXAMPLE.finditer(PAGE.read_text(encoding="utf-8"))]


def test_there_are_examples() -> None:
    assert len(EXAMPLES) == 2


@pytest.mark.parametrize(("code", "printed"), EXAMPLES, ids=["release", "report"])
def test_the_example_prints_what_the_page_says(code: str, printed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        exec(compile(code, str(PAGE), "exec"), {})
    assert said.getvalue() == printed
