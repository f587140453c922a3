"""What a channel rule says, and what it comes to for one plan in one city."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from pullcord.base import InvalidInput, Money, PartyId, check_id

ANY = "*"
"""Stands in a rule for every city, or for every plan."""


class PriceRule(StrEnum):
    """At which price a plan may be sold."""

    LIST = "list"  # at the price card's, less what an open campaign takes off it
    FLOOR = "floor"  # the same, but never below the rule's floor


@dataclass(frozen=True, slots=True)
class Subsidy:
    """What somebody else pays towards a purchase, and what it takes to get it."""

    name: str
    payer: str  # in words: a state or a city is no party of the alliance
    most: Money | None  # None where the amount is not known
    since: date | None
    until: date | None  # the last day
    needs_local_invoice: bool

    def __post_init__(self) -> None:
        if not self.name.strip() or not self.payer.strip():
            raise InvalidInput("a subsidy without a name or a payer", "say what it is called and who pays it")
        if self.since is not None and self.until is not None and self.until < self.since:
            raise InvalidInput(f"`{self.name}` ends on {self.until}, and begins on {self.since}", "mend one of the two")

    def in_force(self, on: date) -> bool:
        """Whether it is paid for a purchase on that day."""
        return (self.since is None or self.since <= on) and (self.until is None or on <= self.until)

    def __str__(self) -> str:
        words = [self.name if self.most is None else f"{self.name}, at most {self.most}", f"paid by {self.payer}"]
        if self.since is not None:
            words.append(f"from {self.since}")
        if self.until is not None:
            words.append(f"until {self.until}")
        if self.needs_local_invoice:
            words.append("against a local invoice")
        return ", ".join(words)


@dataclass(frozen=True, slots=True)
class ChannelRule:
    """One row: what holds for a plan in a city, `*` for all of them."""

    city_id: str
    plan: str
    seller: PartyId | None  # None: whoever sells in the program
    may_sell: bool
    price_rule: PriceRule
    floor: Money | None
    invoice_by: PartyId | None  # None: the seller
    plate: str | None  # how a plate is had there, in words; None where no source says
    subsidy: Subsidy | None
    source: str
    mark: str

    def __post_init__(self) -> None:
        for name, kind in ((self.city_id, "city"), (self.plan, "plan")):
            if name != ANY:
                check_id(name, kind)
        if (self.price_rule is PriceRule.FLOOR) != (self.floor is not None):
            raise InvalidInput(
                f"the rule for `{self.plan}` in `{self.city_id}` is `{self.price_rule.value}`, its floor {self.floor}",
                "give a floor with the rule `floor`, and with no other",
            )

    @property
    def name(self) -> str:
        """What a refusal cites."""
        return f"channel_rules.csv, {self.city_id}, {self.plan}"


@dataclass(frozen=True, slots=True)
class CityTerms:
    """What the channel's rules come to for one plan in one city."""

    seller: PartyId
    may_sell: bool
    invoice: bool  # whether a local sales invoice can be issued
    invoice_by: PartyId
    price_rule: PriceRule
    floor: Money | None
    plate: str | None
    subsidy: Subsidy | None
    rule: str  # what said so
    source: str
    mark: str


@dataclass(frozen=True, slots=True)
class Barred:
    """Why no order can follow: said before anybody pays."""

    why: str
    rule: str  # which rule says so: a file and its row
    why_local: str  # the same in the language of the program's buyers
