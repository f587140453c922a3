"""A rush over HTTP, ours beside other arrangements; the same as `pullcord bench orders`, killed under load as well.

python benchmarks/orders.py [--requests 60000]
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PULLCORD = Path(sys.executable).with_name("pullcord")


def main() -> None:
    """Run both, one after the other."""
    for more in ([], ["--kill"]):
        subprocess.run([PULLCORD, "bench", "orders", *sys.argv[1:], *more], check=True)


if __name__ == "__main__":
    main()
