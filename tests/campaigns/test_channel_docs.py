"""What docs/concepts/campaigns.md and channel.md show is what is printed."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path

import pytest

from pullcord import cli

ROOT = Path(__file__).parents[2]
SHOWN = re.compile(r"^\$ pullcord (.*)\n((?:(?!\$ |```).*\n)*)", re.M)


@pytest.mark.parametrize("page", ["campaigns", "channel"])
def test_what_the_page_shows_is_printed(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.delenv("PULLCORD_DATABASE_URL", raising=False)
    examples = SHOWN.findall((ROOT / "docs" / "concepts" / f"{page}.md").read_text(encoding="utf-8"))
    assert examples
    for typed, printed in examples:
        words = ["pullcord", *shlex.split(typed), "--ledger", str(tmp_path / "live.db")]
        monkeypatch.setattr(sys, "argv", words)
        with pytest.raises(SystemExit):
            cli.main()
        said = capsys.readouterr()
        assert said.out + said.err == printed
