"""The contracts of the ledger share their program with its own tests."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "store"))  # slot_shop

from ledger_databases import ledger_url

__all__ = ["ledger_url"]
