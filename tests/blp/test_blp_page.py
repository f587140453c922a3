"""The worked example of the concept page prints what the page says it prints."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "concepts" / "blp.md"
EXAMPLE = re.compile(r"```python\n(?P<code>.*?)```\s*```text\n(?P<printed>.*?)```", re.DOTALL)


def test_the_example_prints_what_the_page_says() -> None:
    examples = EXAMPLE.findall(PAGE.read_text(encoding="utf-8"))
    assert len(examples) == 1
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        exec(compile(examples[0][0], "docs/concepts/blp.md", "exec"), {})
    assert said.getvalue() == examples[0][1]
