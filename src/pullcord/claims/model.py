"""What is said about the product in public: claims, the figures they rest on, and what happens to them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from pullcord.base import ClaimId, InvalidInput, PartyId, check_id
from pullcord.store import event

PUBLIC = "public"
"""The audience of a claim that everybody may read."""

_MARK = re.compile(r"S|S1|C|A|U|M[0-9]{2}")


class Medium(StrEnum):
    """How a claim is shown."""

    SENTENCE = "sentence"
    FIGURE = "figure"
    PICTURE = "picture"  # a tag on a picture: what it shows of the product


class SubjectKind(StrEnum):
    """What a claim speaks of."""

    PRODUCT = "product"  # every unit of the new product
    VARIANT = "variant"
    OPTION = "option"  # family.option
    PLAN = "plan"
    CITY = "city"
    PROGRAM = "program"  # how the product is sold, wherever and under whichever plan


class Evidence(StrEnum):
    """What kind of thing a claim rests on."""

    BILL_OF_MATERIAL = "bill_of_material"
    OPTION = "option"
    PRICE_CARD = "price_card"
    CONTRACT = "contract"  # a clause or policy: deposit, lock, refund
    CHANNEL_RULE = "channel_rule"  # who sells, where an invoice is written
    TEST_RECORD = "test_record"
    PLAN = "plan"  # what production and transport can do


@dataclass(frozen=True, slots=True)
class Subject:
    """What a claim speaks of, and which of them."""

    kind: SubjectKind
    id: str

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"


@dataclass(frozen=True, slots=True)
class Claim:
    """One sentence, figure or picture tag about the product.

    A claim may be incomplete (no owner, no evidence, no audience): the rules then refuse it. What can never be right,
    such as an id that is none, is refused here.
    """

    claim_id: ClaimId
    owner: PartyId | None  # the party that answers for it
    medium: Medium
    subject: Subject
    attribute: str  # `price`, `mileage_cap`, `option`, `part.screen_14_6`, ...: docs/concepts/claims.md lists them
    value: str
    unit: str
    shown_en: str
    shown_zh: str
    evidence: Evidence | None
    reference: str  # the key of the fact that carries it
    audience: tuple[str, ...]  # PUBLIC, or the parties that may read it
    valid_from: date | None
    valid_to: date | None  # the last day; None is until further notice
    beside: tuple[ClaimId, ...]  # the claims that are shown beside it, in the same type size
    source: str
    mark: str

    def __post_init__(self) -> None:
        check_id(self.claim_id, "claim")
        if not self.shown_en.strip() or not self.shown_zh.strip():
            raise InvalidInput(f"claim `{self.claim_id}` is not shown in both languages", "give English and Chinese")
        if self.mark and not _MARK.fullmatch(self.mark):
            raise InvalidInput(
                f"`{self.mark}` is no mark", "write S, S1, M with two digits, C, A, or U, which is refused"
            )
        if self.claim_id in self.beside:
            raise InvalidInput(f"claim `{self.claim_id}` stands beside itself", "name the other claims only")


@dataclass(frozen=True, slots=True)
class TestedFigure:
    """A figure of the product that a party states from a test of its own, and the procedure it was found by."""

    record_id: str  # the attribute that claims call it by: `range_km`, `swap_time_s`
    value: str
    unit: str
    party_id: PartyId  # whose test it is
    procedure_en: str
    procedure_zh: str
    source: str
    mark: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where a fact stands: a file of the program, and what its row holds; an event of the ledger where it changed."""

    file: str
    row: tuple[tuple[str, str], ...] = ()  # column and value, enough to find the row

    def __str__(self) -> str:
        return " ".join((self.file, *(value for _, value in self.row)))


@dataclass(frozen=True, slots=True)
class Fact:
    """What product, plan or channel actually say: a value, its unit, whose it is and where it stands."""

    key: str  # `price/rental`, `option/roof.steel`, `invoice/dazhou`
    value: str
    unit: str
    owner: PartyId
    evidence: Evidence
    place: Place

    @property
    def told(self) -> str:
        """Value and unit as they are read aloud."""
        return f"{self.value} {self.unit}".strip()


@dataclass(frozen=True, slots=True)
class Broken:
    """A rule that a claim breaks, and the facts that say so."""

    claim_id: ClaimId
    rule: str
    says: str
    mend: str
    facts: tuple[Fact, ...] = ()


@dataclass(frozen=True, slots=True)
class Rest:
    """A fact that a claim rests on, as it was when the claim was checked."""

    key: str
    value: str
    unit: str


@dataclass(frozen=True, slots=True)
class CheckedClaim:
    """A claim, what it breaks, and the facts that it rests on: its own, and those of the terms it needs."""

    claim: Claim
    broken: tuple[Broken, ...]
    rests: tuple[Rest, ...]
    terms: tuple[str, ...]  # keys of facts that change what the claim says: they are shown beside it

    @property
    def holds(self) -> bool:
        return not self.broken


@dataclass(frozen=True, slots=True)
class CheckedClaims:
    """Every claim of a folder, checked, in the order given."""

    claims: tuple[CheckedClaim, ...]

    @property
    def broken(self) -> tuple[Broken, ...]:
        """Every breach, claim by claim."""
        return tuple(breach for checked in self.claims for breach in checked.broken)

    @property
    def hold(self) -> bool:
        """Whether every claim may be published."""
        return not self.broken

    def of(self, claim_id: str) -> CheckedClaim | None:
        """The claim of that id."""
        return next((checked for checked in self.claims if checked.claim.claim_id == claim_id), None)


@dataclass(frozen=True, slots=True)
class Told:
    """A breach as an answer carries it."""

    claim_id: ClaimId
    rule: str
    says: str
    mend: str


@dataclass(frozen=True, slots=True)
class Publication:
    """What became of a wish to publish: the claims that are public now because of it, and what the others break."""

    published: tuple[ClaimId, ...]
    refused: tuple[Told, ...] = ()


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """The claims that are no longer public."""

    unpublished: tuple[ClaimId, ...]
    refused: str | None = None


@dataclass(frozen=True, slots=True)
class Condition:
    """Which orders were exposed to a claim: reserved while it was public, and of its subject. None is all."""

    since: datetime  # when the claim was published
    until: datetime  # when it was taken back
    variants: tuple[str, ...] | None = None
    plans: tuple[str, ...] | None = None
    cities: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    """A letter to those who reserved while a claim was public that no longer holds: drafted, and not yet sent.

    The orders are told by a condition and their number; `exposed_orders` lists them.
    """

    claim_id: ClaimId
    fact_key: str
    was: str
    became: str
    condition: Condition
    orders: int
    text_en: str
    text_zh: str


@dataclass(frozen=True, slots=True)
class FactAnswer:
    """What followed from a change of fact: the claims taken back, and the orders that were exposed to them."""

    key: str
    was: str
    value: str
    unpublished: tuple[ClaimId, ...]
    notices: tuple[Notice, ...]
    orders: int  # exposed to any of the claims, each counted once
    refused: str | None = None


@event("claim.published")
@dataclass(frozen=True, slots=True)
class ClaimPublished:
    """A claim became public, after the check; `rests` are the facts that carry it, as they were."""

    claim: Claim
    rests: tuple[Rest, ...]


@event("claim.unpublished")
@dataclass(frozen=True, slots=True)
class ClaimUnpublished:
    """A claim is public no longer."""

    claim_id: ClaimId
    why: str
    rested_on: tuple[str, ...]  # the keys of the facts that carried it
    fact_key: str | None = None  # the fact that changed, where one did


@event("fact.changed")
@dataclass(frozen=True, slots=True)
class FactChanged:
    """A fact turned out to be, or became, another than the program's files say."""

    key: str
    was: str
    value: str
    unit: str
    why: str


@event("claim.notice_drafted")
@dataclass(frozen=True, slots=True)
class NoticeDrafted:
    """A letter to those who were exposed to a claim that no longer holds."""

    notice: Notice
