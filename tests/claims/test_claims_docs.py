"""What docs/concepts/claims.md shows is what is printed; its tables name every rule."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pullcord.claims import RULES

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "concepts" / "claims.md").read_text(encoding="utf-8")


def test_the_example_prints_what_stands_below_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ((code, shown),) = re.findall(r"```python\n(.*?)```\n```\n(.*?)```", PAGE, re.S)
    monkeypatch.chdir(ROOT)
    exec(compile(code, "docs/concepts/claims.md", "exec"), {})
    printed = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert printed == shown.splitlines()


def test_every_rule_is_explained() -> None:
    assert all(f"`{rule}`" in PAGE for rule in RULES)
