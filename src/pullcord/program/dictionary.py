"""The data dictionary: what the code reads, column by column, as a table for people."""

from __future__ import annotations

from dataclasses import dataclass, fields

from pydantic import BaseModel

from .column import CURRENCY, Column, Kind
from .columns import ASSUMPTIONS, TABLES
from .folder import HEADER_FILE as FILE
from .header import AllianceKeys, PolicyKeys, ProgramKeys, SurveyKeys, title_of, unit_of
from .needed import NEEDED


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of docs/data-dictionary.csv."""

    table: str
    column: str
    type: str
    unit: str
    required: str
    meaning: str
    source: str

    @classmethod
    def titles(cls) -> tuple[str, ...]:
        """The header of the file."""
        return tuple(field.name for field in fields(cls))


def data_dictionary() -> tuple[Entry, ...]:
    """Every key of program.toml and every column of every table, in the order of the code."""
    entries = [*_keys("", ProgramKeys), *_keys("policies.", PolicyKeys), *_keys("survey.", SurveyKeys)]
    entries += _keys("alliance.", AllianceKeys)
    for table in TABLES:
        entries += [_of(table.file, column) for column in table.columns]
        if table.families:
            meaning = "one column for each family of families.csv: the option that the variant has of it"
            entries.append(Entry(table.file, "{family_id}", Kind.REFERENCE, "", "yes", meaning, "planner"))
        if table.attributes:
            meaning = "any further column: an attribute; its name is what tastes.csv calls it"
            entries.append(Entry(table.file, "{attribute}", Kind.NUMBER, "as in its name", "no", meaning, "planner"))
    entries += [
        Entry(
            ASSUMPTIONS.file,
            f"key {need.key}",
            Kind.NUMBER,
            need.unit,
            "no" if need.optional else "yes",
            need.meaning,
            "planner",
        )
        for need in NEEDED
    ]
    return tuple(entries)


def _of(file: str, column: Column) -> Entry:
    kind = f"{column.kind}: {', '.join(column.choices)}" if column.choices else str(column.kind)
    if column.refers_to:
        kind = f"{kind} to {column.refers_to}{', or *' if column.or_any else ''}"
    needed = "yes" if column.required else "no"
    return Entry(file, column.name, kind, column.unit, needed, column.meaning, column.source)


def _keys(section: str, model: type[BaseModel]) -> list[Entry]:
    return [
        Entry(
            FILE,
            section + title_of(name, None),
            _kind(name, field.annotation),
            unit_of(model, name),
            "yes" if field.is_required() else "no",
            field.description or "",
            "planner",
        )
        for name, field in model.model_fields.items()
        if name not in ("policies", "survey", "alliance")
    ]


def _kind(name: str, annotation: object) -> str:
    if title_of(name, None).endswith(CURRENCY):
        return Kind.MONEY
    kinds: dict[object, Kind] = {str: Kind.TEXT, int: Kind.WHOLE, bool: Kind.YES_NO, float: Kind.NUMBER}
    return kinds.get(annotation, Kind.DATE)
