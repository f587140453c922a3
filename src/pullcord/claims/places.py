"""Where a fact stands, by line: its row is looked up in the file that it names."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from pathlib import Path

from .model import Place


@dataclass(frozen=True, slots=True)
class Line:
    """A row of a program's file: where, from which source, and how sure."""

    where: str  # file:line, or the event of the ledger
    source: str = ""
    mark: str = ""


class Lines:
    """The files of a program folder, each read once, when first asked."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._tables: dict[str, list[tuple[int, dict[str, str]]]] = {}

    def find(self, place: Place) -> Line:
        """The row of a place; the file alone where the row cannot be found."""
        if place.file == "ledger":
            return Line(f"ledger event {dict(place.row).get('event', '')}")
        rows = self._rows(place.file)
        for number, row in rows:
            if place.row and all(row.get(column, "").strip() == value for column, value in place.row):
                return Line(f"{place.file}:{number}", row.get("source", ""), row.get("mark", ""))
        return Line(place.file)

    def _rows(self, file: str) -> list[tuple[int, dict[str, str]]]:
        if file not in self._tables:
            try:
                text = (self._folder / file).read_text(encoding="utf-8-sig")
            except OSError:
                text = ""
            self._tables[file] = _of_toml(text) if file.endswith(".toml") else _of_csv(text)
        return self._tables[file]


def _of_csv(text: str) -> list[tuple[int, dict[str, str]]]:
    reader = csv.reader(text.splitlines(keepends=True))
    header = next(reader, [])
    rows: list[tuple[int, dict[str, str]]] = []
    while True:
        line = reader.line_num + 1
        cells = next(reader, None)
        if cells is None:
            return rows
        rows.append((line, dict(zip((title.strip() for title in header), cells, strict=False))))


def _of_toml(text: str) -> list[tuple[int, dict[str, str]]]:
    found = ((n, re.match(r"\s*(\w+)\s*=", line)) for n, line in enumerate(text.splitlines(), 1))
    return [(n, {"key": match[1]}) for n, match in found if match]
