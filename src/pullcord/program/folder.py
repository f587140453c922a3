"""The files of a program folder, each read once: what was checked is what the digest names."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from pullcord.base import InvalidInput, NotFound

from .column import TableSpec
from .columns import DELIVERIES, TABLES
from .faults import Faults, nearest, suggest

HEADER_FILE = "program.toml"
DELIVERIES_END = DELIVERIES.name.removeprefix("*")


def read_contents(folder: Path, faults: Faults) -> dict[str, bytes]:
    """The bytes of program.toml and of every CSV file, by file name; what cannot be read is noted.

    Hidden files are passed over: editors and archives leave them. Raises NotFound where there is no such folder.
    """
    if not folder.is_dir():
        raise NotFound(f"there is no program folder {folder}", f"name a folder that holds {HEADER_FILE}")
    contents: dict[str, bytes] = {}
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or not (path.name == HEADER_FILE or path.suffix == ".csv"):
            continue
        try:
            contents[path.name] = path.read_bytes()
        except OSError as failure:
            wrong = f"the file cannot be read: {failure.strerror}"
            faults.add(printable(path.name), 0, wrong, "make it a file that you may read")
    return contents


def digest_of(contents: Mapping[str, bytes]) -> str:
    """The sha256, in hexadecimal, of files by name: each enters as its name, its length and its bytes.

    So nothing can move from one file to the next unseen.
    """
    digest = hashlib.sha256()
    for name in sorted(contents):
        digest.update(f"{printable(name)}\n{len(contents[name])}\n".encode())
        digest.update(contents[name])
    return digest.hexdigest()


def program_digest(folder: Path) -> str:
    """The digest of a program folder's input, whether or not it is right: what is equal in it runs the same.

    Raises NotFound where there is no such folder, InvalidInput where a file of it cannot be read.
    """
    faults = Faults()
    contents = read_contents(folder, faults)
    if len(faults):
        raise InvalidInput(f"{folder} cannot be read whole", problems=faults.problems())
    return digest_of(contents)


def text_of(file: str, contents: Mapping[str, bytes], faults: Faults) -> str | None:
    """The text of a UTF-8 file, without its byte-order mark; None, with the fault noted, where it is none."""
    content = contents[file]
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as failure:
        line = content.count(b"\n", 0, failure.start) + 1
        faults.add(file, line, f"byte 0x{content[failure.start]:02x} is no UTF-8", "save the file as UTF-8")
        return None


def spec_of(table: str) -> TableSpec:
    """What a table of this name holds."""
    return next((spec for spec in TABLES if spec.name == table), DELIVERIES)


def tables_in(contents: Mapping[str, bytes], faults: Faults) -> list[str]:
    """The names of the tables that are there; a missing one is noted, and one that nobody reads."""
    known = {spec.name for spec in TABLES if spec is not DELIVERIES}
    names = [name.removesuffix(".csv") for name in contents if name.endswith(".csv")]
    found = [name for name in names if name in known or name.endswith(DELIVERIES_END)]
    told = {problem.file for problem in faults.problems()}  # there, but not to be read
    missing = {spec.name for spec in TABLES if spec.required and spec.name not in found and spec.file not in told}
    for name in names:
        if name in found:
            continue
        file = printable(f"{name}.csv")
        if slip := nearest(name, missing):
            missing.remove(slip)
            faults.add(file, 0, "no table bears this name", f"did you mean `{slip}.csv`?")
        else:
            faults.add(file, 0, "no table bears this name, so nobody reads it", suggest(name, known))
    for name in sorted(missing):
        columns = ", ".join(column.name for column in spec_of(name).columns)
        faults.add(f"{name}.csv", 0, "the table is missing", f"add it with the columns {columns}")
    if HEADER_FILE not in contents and HEADER_FILE not in told:
        faults.add(HEADER_FILE, 0, "the file is missing", "add it; docs/program-folder.md says what it holds")
    return found


def printable(name: str) -> str:
    """A file's name as it can be written in UTF-8, whatever bytes it has on disk."""
    return name.encode("utf-8", "replace").decode()
