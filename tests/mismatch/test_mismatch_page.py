"""The worked examples of the pages on mismatch and the twin print what the pages say they print."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = re.compile(r"```python\n(?P<code>.*?)```\s*```text\n(?P<printed>.*?)```", re.DOTALL)


@pytest.mark.parametrize("page", ["mismatch", "twin"])
def test_the_example_prints_what_the_page_says(page: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    (example,) = EXAMPLE.finditer((ROOT / "docs" / "concepts" / f"{page}.md").read_text(encoding="utf-8"))
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        exec(compile(example["code"], f"docs/concepts/{page}.md", "exec"), {"__name__": "__main__"})
    assert said.getvalue() == example["printed"]
