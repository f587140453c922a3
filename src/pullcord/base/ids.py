"""Typed names: a plant cannot be passed where a part is meant."""

from __future__ import annotations

import re
from typing import NewType

from .errors import InvalidInput

ProgramId = NewType("ProgramId", str)
PartyId = NewType("PartyId", str)
PersonId = NewType("PersonId", str)  # a pseudonym: the name behind it never enters the ledger
OrderId = NewType("OrderId", str)
BuildOrderId = NewType("BuildOrderId", str)
VehicleId = NewType("VehicleId", str)
VariantId = NewType("VariantId", str)
FamilyId = NewType("FamilyId", str)
OptionId = NewType("OptionId", str)
PlantId = NewType("PlantId", str)
PartId = NewType("PartId", str)
SupplierId = NewType("SupplierId", str)
CityId = NewType("CityId", str)
CampaignId = NewType("CampaignId", str)
ClaimId = NewType("ClaimId", str)
CommandId = NewType("CommandId", str)

LONGEST_ID = 64
LONGEST_NAMED_ID = 40
"""Of orders, parties and plants: commands and transfers that name one (`deposit-<order>-1`) have ids of their own."""

_SHAPE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


def check_id(value: str, kind: str, *, longest: int = LONGEST_ID) -> str:
    """`value` if it can serve as an identifier in files, addresses and streams alike."""
    if len(value) > longest or not _SHAPE.fullmatch(value):
        raise InvalidInput(
            f"`{value}` cannot be the id of {'an' if kind[:1] in 'aeiou' else 'a'} {kind}",
            f"use 1 to {longest} letters, digits, '-', '_' or '.', beginning with a letter or digit",
        )
    return value
