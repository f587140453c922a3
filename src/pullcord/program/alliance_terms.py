"""[alliance] of program.toml: how the parties work together, checked against who they are."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from pullcord.alliance import Mode, Role, seller_role
from pullcord.base import PartyId

from .columns import PARTIES, SETTLEMENT, SUPPLIERS
from .faults import Faults, suggest
from .folder import HEADER_FILE as FILE
from .header import AllianceKeys, Header
from .tables import CheckedTable

Tables = Mapping[str, CheckedTable]


def alliance_terms(keys: AllianceKeys) -> dict[str, Any]:
    """What the section says, as the program keeps it; it was checked before."""
    rate = _rate(keys.funding_rate_per_year)
    return {
        "mode": Mode(keys.mode),
        "discounts_borne_by": None if keys.discounts_borne_by is None else PartyId(keys.discounts_borne_by),
        "funding_rate_per_year": rate,
    }


def check_alliance(tables: Tables, header: Header, faults: Faults) -> None:
    """The mode has the parties that it needs, and nobody is owed by the seller for two things at once."""
    if header.keys is None:
        return
    keys, parties = header.keys.alliance, tables[PARTIES.name]
    mode = Mode(keys.mode)
    stated = keys.funding_rate_per_year
    rate_line = header.line_of("alliance", "funding_rate_per_year")
    if stated is not None and _rate(stated) is None:
        faults.add(FILE, rate_line, f"`funding_rate_per_year` cannot be {stated}", "write a share such as 0.06")
    if mode is Mode.FUNDING and stated is None:
        faults.add(
            FILE, rate_line, "under the mode `funding` money is lent at no stated rate", "add funding_rate_per_year"
        )
    if not parties.whole:
        return
    named = {row["party_id"]: row for row in parties.sound_rows}
    bearer = keys.discounts_borne_by
    if bearer is not None and bearer not in named:
        line = header.line_of("alliance", "discounts_borne_by")
        faults.add(FILE, line, f"`{bearer}`, who bears the discounts, is no party", suggest(bearer, list(named)))
    funders = [name for name, row in named.items() if row["role"] == Role.FUNDER]
    mode_line = header.line_of("alliance", "mode")
    if mode is Mode.FUNDING and len(funders) != 1:
        faults.add(
            FILE, mode_line, f"under the mode `funding` one party lends, and {len(funders)} are funders",
            "let exactly one party of parties.csv be funder",
        )  # fmt: skip
    if seller_role(mode) is Role.CARMAKER:
        # The carmaker owes suppliers for parts on the same account as it would owe shares of a sale.
        supply = {row["party_id"] for row in tables[SUPPLIERS.name].sound_rows}
        for row in tables[SETTLEMENT.name].sound_rows:
            if row["party_id"] in supply:
                faults.add(
                    SETTLEMENT.file, row.line,
                    f"`{row['party_id']}` supplies parts, and under the mode `{mode.value}` cannot share in sales too",
                    "let another party have the share, or take part in the mode `direct`",
                )  # fmt: skip


def _rate(written: str | None) -> Fraction | None:
    """A rate as it is written, exact; None for none and for what is no rate."""
    if written is None:
        return None
    try:
        rate = Fraction(written)
    except (ValueError, ZeroDivisionError):
        return None
    return rate if 0 <= rate <= 1 else None
