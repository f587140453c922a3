"""What every command shares: results to stdout, talk to stderr, failures as one clear message and an exit status."""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Callable
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console

from pullcord.base import InvalidInput, PullcordError


class _Stderr(io.TextIOBase):
    """Whatever stderr is at the moment. Where it is closed (`2>&-`) nobody listens, and that is no failure."""

    def write(self, text: str) -> int:
        stream = self._stream()
        if stream is not None:
            with contextlib.suppress(ValueError):  # closed
                return int(stream.write(text))
        return len(text)

    def flush(self) -> None:
        stream = self._stream()
        if stream is not None:
            with contextlib.suppress(ValueError):
                stream.flush()

    def isatty(self) -> bool:
        stream = self._stream()
        with contextlib.suppress(ValueError):
            return stream is not None and bool(stream.isatty())
        return False

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """That of the stream, so that signs it cannot show are left out."""
        return getattr(self._stream(), "encoding", None) or "utf-8"

    @staticmethod
    def _stream() -> Any:
        # While a progress bar is shown, Rich puts a proxy there that would write through us again.
        return getattr(sys.stderr, "rich_proxied_file", sys.stderr)


talk = Console(file=_Stderr(), highlight=False)  # type: ignore[arg-type]
"""For people: progress, hints, errors. Never carries a result."""

JsonFlag = Annotated[bool, typer.Option("--json", help="Print the result as JSON on stdout.")]


def show(result: Any, as_json: bool, human: Callable[[Console], None]) -> None:
    """Print a result on stdout: as one line of JSON, or as `human` draws it."""
    if as_json:
        sys.stdout.write(msgspec.json.encode(result).decode() + "\n")
    else:
        human(Console(highlight=False))


def refused_by_machine(failure: OSError) -> PullcordError:
    """What the operating system would not do, in words: the file, and why not."""
    named = [f"`{name}`" for name in (failure.filename, failure.filename2) if name is not None]
    why = failure.strerror or str(failure)
    return PullcordError(
        f"{', '.join(named)}: {why}" if named else why, "choose another place, or make room and rights there"
    )


def report_failure(failure: PullcordError) -> int:
    """Explain a failure on stderr, every problem of it, and give the exit status."""
    talk.print("error:", _printable(failure.message), style=None, markup=False, soft_wrap=True)
    if isinstance(failure, InvalidInput):
        for problem in failure.problems:
            talk.print(" ", _printable(str(problem)), markup=False, soft_wrap=True)
    if failure.hint:
        talk.print("hint:", _printable(failure.hint), markup=False, soft_wrap=True)
    return failure.exit_status


def _printable(text: str) -> str:
    """A text as it can be written anywhere: bytes of the command line that are no UTF-8 are spelled out."""
    return text.encode("utf-8", "backslashreplace").decode()
