"""The worked example of the page on offer design prints what the page says it prints."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "concepts" / "offer-design.md"
EXAMPLE = re.compile(r"```python\n(?P<code>.*?)```\s*```text\n(?P<printed>.*?)```", re.DOTALL)


def test_the_example_prints_what_the_page_says() -> None:
    (example,) = EXAMPLE.finditer(PAGE.read_text(encoding="utf-8"))
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        exec(compile(example["code"], PAGE.name, "exec"), {})
    assert said.getvalue() == example["printed"]
