"""The ledger's tests share their databases with its contracts."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "contracts"))

from ledger_databases import ledger_url

__all__ = ["ledger_url"]
