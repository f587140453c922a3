"""The tour in docs/concepts/api.md: its commands, run in order against the program it starts, print what is shown."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

from test_readme import ROOT, missing_line, shown_commands


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_the_tour_works_as_shown(tmp_path: Path, require: Any) -> None:
    require(shutil.which("curl") and shutil.which("jq"), "install curl and jq")
    port = free_port()
    page = (ROOT / "docs" / "concepts" / "api.md").read_text(encoding="utf-8").replace("8080", str(port))
    (tmp_path / "programs").symlink_to(ROOT / "programs")
    (tmp_path / "out" / "api").mkdir(parents=True)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PULLCORD_")}
    environment |= {"PATH": os.pathsep.join([str(Path(sys.prefix) / "bin"), os.environ["PATH"]]), "COLUMNS": "200"}
    server: subprocess.Popen[str] | None = None
    try:
        for shown in shown_commands(page):
            command = shown.command
            if command.startswith("pullcord serve"):
                server = subprocess.Popen(
                    [*command.split(), "--port", str(port)],
                    cwd=tmp_path,
                    env=environment,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.PIPE,
                    text=True,
                )
                assert server.stderr is not None
                said = "".join(line for line, _ in zip(server.stderr, range(2), strict=False))
                assert missing_line(shown.output, said) is None, said
                continue
            if command.startswith("export "):
                # Kept for the commands that follow: each runs in a shell of its own.
                for line in _printed(f"{command} && env -0", tmp_path, environment).split("\0"):
                    name, equals, value = line.partition("=")
                    if equals:
                        environment[name] = value
                continue
            printed = _printed(command, tmp_path, environment)
            assert missing_line(shown.output, printed) is None, f"$ {command}\n{printed}"
    finally:
        if server is not None:
            server.terminate()
            server.communicate(timeout=30)


def _printed(command: str, folder: Path, environment: dict[str, str]) -> str:
    run = subprocess.run(
        ["bash", "-c", command], cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert run.returncode == 0, f"$ {command}\n{run.stdout}{run.stderr}"
    return run.stdout
