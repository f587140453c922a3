"""Every assumption that the code reads by name is asked for by the check, so that no run dies of a missing key."""

from __future__ import annotations

import re
from pathlib import Path

from pullcord.program.needed import NEEDED

SOURCE = Path(__file__).parents[2] / "src" / "pullcord"
READ = re.compile(r"""(?:assumed\(|value\[)\s*f?["']([a-z0-9_{}]+)["']""")
OPTIONAL = {"km_per_month_median"}  # the code asks first whether it is there


def test_every_key_that_the_code_reads_is_needed() -> None:
    read = {key for path in SOURCE.rglob("*.py") for key in READ.findall(path.read_text(encoding="utf-8"))}
    read = {key.replace("{program.currency.lower()}", "{currency}") for key in read}
    assert read >= {"patience_sigma", "twin_load"}, "the pattern no longer finds what is read"
    assert read - OPTIONAL <= {need.key for need in NEEDED}, "add them to program/needed.py, with unit and meaning"


def test_needed_keys_stand_once() -> None:
    keys = [need.key for need in NEEDED]
    assert len(keys) == len(set(keys))
    assert all(need.unit and need.meaning for need in NEEDED)
