"""What one table says of another: every id that is used must be defined somewhere."""

from __future__ import annotations

from collections.abc import Mapping

from pullcord.base import FamilyId, InvalidInput, OptionId
from pullcord.product import parse_condition

from .column import ANY, Kind
from .columns import BOM, OPTION_LIMITS, OPTIONS, RULES, TABLES, VARIANTS
from .faults import Faults, suggest
from .tables import CheckedTable

Tables = Mapping[str, CheckedTable]
OptionsByFamily = Mapping[FamilyId, frozenset[OptionId]]


def check_references(tables: Tables, faults: Faults) -> None:
    """Note every reference to something that no table defines.

    A table that could not be read whole defines nothing for certain, so nothing is held against it.
    """
    for spec in TABLES:
        if spec.name not in tables:
            continue
        table = tables[spec.name]
        for column in spec.columns:
            target, _, name = column.refers_to.partition(".")
            if target not in tables or not tables[target].vouches_for(name):
                continue
            defined = tables[target].known(name)
            for row in table.rows:
                value = row.cells.get(column.name)
                if value is not None and value not in defined and not (column.or_any and value == ANY):
                    faults.add(
                        table.file,
                        row.line,
                        f"`{column.name}` names `{value}`, which {target}.csv does not define",
                        suggest(value, defined),
                    )
    options = options_by_family(tables)
    if options is not None:
        _check_chosen(tables, options, faults)
        _check_conditions(tables, options, faults)


def options_by_family(tables: Tables) -> OptionsByFamily | None:
    """The options that each family has; None where families.csv or options.csv leave doubt."""
    families, options = tables["families"], tables[OPTIONS.name]
    if not (families.vouches_for("family_id") and all(options.vouches_for(name) for name in OPTIONS.key)):
        return None
    return {
        FamilyId(family): frozenset(OptionId(row["option_id"]) for row in options.rows if row["family_id"] == family)
        for family in families.known("family_id")
    }


def _check_chosen(tables: Tables, options: OptionsByFamily, faults: Faults) -> None:
    """Each option named in variants.csv and option_limits.csv belongs to the family that it stands for."""
    variants = tables[VARIANTS.name]
    for row in variants.rows:
        for family_id, known in options.items():
            value = row.cells.get(family_id)
            if value is not None and value not in known:
                _refuse(variants.file, row.line, family_id, value, known, faults)
    if OPTION_LIMITS.name in tables:
        limits = tables[OPTION_LIMITS.name]
        for row in limits.rows:
            family, option = row.cells.get("family_id"), row.cells.get("option_id")
            of_family = options.get(FamilyId(family)) if family is not None else None
            if family is not None and option is not None and of_family is not None and option not in of_family:
                _refuse(limits.file, row.line, family, option, of_family, faults)


def _refuse(file: str, line: int, family: str, option: str, known: frozenset[OptionId], faults: Faults) -> None:
    faults.add(file, line, f"options.csv has no option `{option}` of the family `{family}`", suggest(option, known))


def _check_conditions(tables: Tables, options: OptionsByFamily, faults: Faults) -> None:
    """Each condition can be read, and asks only about families and options that exist."""
    for spec in (RULES, BOM):
        table = tables[spec.name]
        for column in spec.columns:
            if column.kind is not Kind.CONDITION:
                continue
            for row in table.rows:
                text = row.cells.get(column.name)
                if text is None:
                    continue
                try:
                    parse_condition(text, options)
                except InvalidInput as failure:
                    where = "" if "position" in failure.message else " (families.csv and options.csv hold the names)"
                    faults.add(table.file, row.line, failure.message, f"{failure.hint or 'mend it'}{where}")
