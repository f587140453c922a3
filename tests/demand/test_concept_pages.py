"""The worked examples of the concept pages print what the pages say they print."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = re.compile(r"```python\n(?P<code>.*?)```\s*```text\n(?P<printed>.*?)```", re.DOTALL)
EXAMPLES = [
    (page, match["code"], match["printed"])
    for page in ("choice-models", "demand", "forecasting", "latency", "promising")
    for match in EXAMPLE.finditer((ROOT / "docs" / "concepts" / f"{page}.md").read_text(encoding="utf-8"))
]


def test_there_are_examples() -> None:
    assert [page for page, _, _ in EXAMPLES] == [
        "choice-models",
        "demand",
        "demand",
        "forecasting",
        "forecasting",
        "latency",
        "promising",
    ]


@pytest.mark.parametrize(
    ("page", "code", "printed"), EXAMPLES, ids=[f"{p}-{i}" for i, (p, _, _) in enumerate(EXAMPLES)]
)
def test_the_example_prints_what_the_page_says(
    page: str, code: str, printed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        exec(compile(code, f"docs/concepts/{page}.md", "exec"), {})
    assert said.getvalue() == printed
