"""What a claim must be before it may be published: every rule in a sentence, and the check of claims against facts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date

from pullcord.alliance import may_state
from pullcord.base import ClaimId

from .facts import NO, YES, FactBook, number, same
from .ground import Ground
from .model import (
    PUBLIC,
    Broken,
    CheckedClaim,
    CheckedClaims,
    Claim,
    Fact,
    Medium,
    Rest,
    SubjectKind,
)

RULES: Mapping[str, str] = {
    "owner-missing": "A claim has an owner: a party of the program that answers for it.",
    "audience-missing": "A claim says who may read it: everybody, or parties by name.",
    "evidence-missing": "A claim names the evidence that it rests on.",
    "evidence-unknown": "The evidence of a claim exists, and speaks of what the claim says.",
    "figure-without-source": "A figure has a source, and an uncertain one (U) is shown to nobody.",
    "subject-unknown": "A claim speaks of something that the program has.",
    "unowned-fact": "A party states only facts that are its own.",
    "unit-wrong": "A figure is told in the unit that the fact has.",
    "value-contradicts-fact": "A claim says what the fact says.",
    "not-buildable": "A picture or sentence shows only options that can be built and are on sale.",
    "scope-too-wide": "What holds in some cities is not claimed for all.",
    "refund-contradicts-policy": "What is said of deposit, lock and refund is what the contract says.",
    "terms-missing": "A price, fee or deposit is shown with all that changes it: cap, overage, lock, invoice city.",
    "beside-unknown": "What a claim is shown beside exists.",
    "expired": "A claim is valid on the day it is shown, and begins before it ends.",
}

_HEADS = {"price": "price", "monthly_fee": "monthly", "mileage_cap": "cap", "overage": "overage"}
_OF_PROGRAM = {
    "invoice": "invoice/everywhere",
    "invoice_cities": "invoice/cities",
    "deposit": "deposit/amount",
    "deposit_asked": "deposit/asked",
    "refund_before_lock": "refund/before_lock",
    "refund_after_lock": "refund/after_lock",
    "lock_after": "lock/after_hours",
    "quote_valid": "quote/valid_hours",
    "platform": "party/platform",
    "carmaker": "party/carmaker",
    "battery_maker": "party/battery_maker",
}
_CONTRACT = ("refund/", "lock/", "deposit/", "quote/")
_CITIES_NAMED_MAX = 3


def fact_key(book: FactBook, claim: Claim) -> str | None:
    """The key of the fact that a claim speaks of, by its subject and attribute; None where there is no such kind."""
    name, _, rest = claim.attribute.partition(".")
    subject = claim.subject.id
    match claim.subject.kind:
        case SubjectKind.PLAN:
            return f"{_HEADS[name]}/{subject}" if name in _HEADS else None
        case SubjectKind.VARIANT if rest:
            return f"{_HEADS.get(name, name)}/{rest}@{subject}"
        case SubjectKind.OPTION:
            return {"option": f"option/{subject}", "per_week": f"limit/{subject}"}.get(name)
        case SubjectKind.CITY:
            return {"invoice": f"invoice/{subject}", "transit_days": f"transit/{subject}"}.get(name)
        case SubjectKind.PROGRAM:
            return _OF_PROGRAM.get(name)
        case SubjectKind.PRODUCT if name == "part" and rest:
            return f"part/{rest}"
        case SubjectKind.PRODUCT:
            return next((f"{head}/{name}" for head in ("test", "figure") if book.find(f"{head}/{name}")), None)
    return None


def terms_of(book: FactBook, key: str) -> tuple[str, ...]:
    """The keys of the facts that change what a fact means to a buyer: who shows it shows them beside it."""
    head, _, name = key.partition("/")
    wanted: list[str] = []
    if head == "price":
        wanted = [f"monthly/{name}", f"cap/{name}", f"overage/{name}", "refund/after_lock", "invoice/everywhere"]
    elif head == "monthly":
        wanted = [f"cap/{name}", f"overage/{name}"]
    elif head == "cap":
        wanted = [f"overage/{name}"]
    elif head == "overage":
        wanted = [f"cap/{name}"]
    elif head == "deposit":
        wanted = ["refund/after_lock"]
    elif head == "refund":
        wanted = ["refund/after_lock", "lock/after_hours"] if key == "refund/before_lock" else ["lock/after_hours"]
    elif head == "lock":
        wanted = ["refund/after_lock"]
    return tuple(term for term in wanted if _bites(book, term))


def _bites(book: FactBook, term: str) -> bool:
    """Whether a term takes anything away: where every city gets its invoice, nothing need be said of it."""
    fact = book.find(term)
    if fact is None:
        return False
    if term == "invoice/everywhere":
        return fact.value == NO
    if term in ("refund/after_lock", "lock/after_hours"):
        asked, kept = book.find("deposit/asked"), book.find("refund/after_lock")
        return asked is not None and asked.value == YES and kept is not None and kept.value == NO
    return True


def check_claims(
    program: Ground, claims: Sequence[Claim], *, at: date | None = None, book: FactBook | None = None
) -> CheckedClaims:
    """Every claim held against what the program says, and against the claims that it is shown beside.

    `at` is the day on which they would be shown, by default the program's first. `book` holds the program's facts
    where they are at hand already, or have changed since its files were written.
    """
    book = book or FactBook(program)
    day = at or program.starts_on
    by_id = {claim.claim_id: claim for claim in claims}
    own = {claim.claim_id: _Check(program, book, claim, by_id, day).run() for claim in claims}
    sound = {claim_id for claim_id, breaches in own.items() if not breaches}
    checked = []
    for claim in claims:
        key = fact_key(book, claim)
        fact = book.find(key) if key else None
        terms = terms_of(book, fact.key) if fact else ()
        missing = _untold(book, claim, terms, by_id, sound)
        breaches = list(own[claim.claim_id])
        if fact and missing:
            breaches.append(_terms_missing(claim, missing))
        rests = [fact, *(book.find(term) for term in terms)] if fact else []
        rest = tuple(Rest(f.key, f.value, f.unit) for f in rests if f is not None)
        checked.append(CheckedClaim(claim, tuple(breaches), rest, terms))
    return CheckedClaims(tuple(checked))


def _untold(
    book: FactBook, claim: Claim, terms: Iterable[str], by_id: Mapping[ClaimId, Claim], sound: set[ClaimId]
) -> list[Fact]:
    """The terms that no sound claim beside this one tells."""
    told: set[str] = set()
    for other in claim.beside:
        if other in by_id and other in sound and (key := fact_key(book, by_id[other])):
            told |= {key, "invoice/everywhere"} if key == "invoice/cities" else {key}
    missing = [term for term in terms if term not in told and term.partition("@")[0] not in told]
    return [fact for term in missing if (fact := book.find(term)) is not None]


def _terms_missing(claim: Claim, missing: Sequence[Fact]) -> Broken:
    told = "; ".join(f"{fact.key} is {fact.told}" for fact in missing)
    return Broken(
        claim.claim_id,
        "terms-missing",
        f"it is shown without the terms that change it: {told}",
        "show beside it, in the same type size, a claim that holds for each of these facts",
        tuple(missing),
    )


class _Check:
    """One claim against every rule but that of the terms, which needs to know which other claims hold."""

    def __init__(
        self, program: Ground, book: FactBook, claim: Claim, by_id: Mapping[ClaimId, Claim], day: date
    ) -> None:
        self.program, self.book, self.claim, self.by_id, self.day = program, book, claim, by_id, day
        self.breaches: list[Broken] = []
        self.fact: Fact | None = None

    def run(self) -> list[Broken]:
        """What the claim breaks, in the order of the rules."""
        rules: tuple[Callable[[], None], ...] = (
            self._owner,
            self._audience,
            self._source,
            self._beside,
            self._validity,
        )
        for rule in rules:
            rule()
        if self._subject():
            key = fact_key(self.book, self.claim)
            self.fact = self.book.find(key) if key else None
            self._evidence(key)
            if self.fact:
                self._owned(self.fact)
                self._value(self.fact)
        order = list(RULES)
        return sorted(self.breaches, key=lambda breach: order.index(breach.rule))

    def _break(self, rule: str, says: str, mend: str, *facts: Fact) -> None:
        self.breaches.append(Broken(self.claim.claim_id, rule, says, mend, facts))

    def _owner(self) -> None:
        parties = [party.party_id for party in self.program.parties]
        if self.claim.owner is None:
            self._break("owner-missing", "nobody answers for it", "name the party that does in `owner`")
        elif self.claim.owner not in parties:
            self._break("owner-missing", f"its owner `{self.claim.owner}` is no party", f"name one of {_few(parties)}")

    def _audience(self) -> None:
        known = {PUBLIC, *(party.party_id for party in self.program.parties)}
        strangers = [name for name in self.claim.audience if name not in known]
        if not self.claim.audience:
            self._break("audience-missing", "it does not say who may read it", f"write `{PUBLIC}`, or name the parties")
        elif strangers:
            self._break("audience-missing", f"{_few(strangers)} is nobody", f"write `{PUBLIC}`, or name parties")

    def _source(self) -> None:
        claim = self.claim
        if claim.medium is not Medium.FIGURE and number(claim.value) is None:
            return
        if not claim.source.strip() or not claim.mark:
            self._break("figure-without-source", "its figure has no source", "say where it comes from, with its mark")
        elif claim.mark == "U":
            self._break("figure-without-source", "its figure is uncertain (U)", "find a source, or leave it out")

    def _beside(self) -> None:
        strangers = [name for name in self.claim.beside if name not in self.by_id]
        if strangers:
            self._break("beside-unknown", f"there is no claim {_few(strangers)} beside it", "add it, or take it out")

    def _validity(self) -> None:
        start, end = self.claim.valid_from, self.claim.valid_to
        if start is None:
            self._break("expired", "it does not say from when it is valid", "give its first day")
        elif end is not None and end < start:
            self._break("expired", f"it ends on {end}, before it begins on {start}", "mend the dates")
        elif end is not None and end < self.day:
            self._break("expired", f"it was valid until {end}, and the day is {self.day}", "renew it, or take it down")

    def _subject(self) -> bool:
        subject, program = self.claim.subject, self.program
        known: Iterable[str]
        match subject.kind:
            case SubjectKind.PRODUCT:
                known = (program.new_product_id,)
            case SubjectKind.VARIANT:
                known = (variant.variant_id for variant in program.variants)
            case SubjectKind.PLAN:
                known = dict.fromkeys(price.plan for price in program.prices)
            case SubjectKind.CITY:
                known = (city.city_id for city in program.cities)
            case SubjectKind.PROGRAM:
                known = (program.program_id,)
            case SubjectKind.OPTION:  # an option that is never built is a subject: that is what the claim is held to
                known = (family.family_id for family in program.product.families)
        names = list(known)
        if (subject.id.partition(".")[0] if subject.kind is SubjectKind.OPTION else subject.id) in names:
            return True
        self._break("subject-unknown", f"{program.name} has no {subject.kind} `{subject.id}`", f"known: {_few(names)}")
        return False

    def _evidence(self, key: str | None) -> None:
        claim, fact = self.claim, self.fact
        if claim.evidence is None or not claim.reference:
            about = (
                f"the fact `{key}` says {fact.told}" if fact else f"no fact tells {claim.attribute} of {claim.subject}"
            )
            mend = "name its evidence and reference, or drop it"
            self._break("evidence-missing", f"it rests on nothing; {about}", mend, *((fact,) if fact else ()))
            return
        named = self.book.find(claim.reference)
        if named is None:
            near = _few(self.book.near(claim.reference)) or "those listed in docs/concepts/claims.md"
            self._break("evidence-unknown", f"there is no fact `{claim.reference}`", f"known of its kind: {near}")
        elif fact is None or named.key != fact.key:
            says = f"`{named.key}` does not tell {claim.attribute} of {claim.subject}"
            self._break("evidence-unknown", says, f"refer to `{key}`" if fact else "name evidence that does", named)
        elif claim.evidence is not named.evidence:
            says = f"`{named.key}` is evidence of the kind {named.evidence}, not {claim.evidence}"
            self._break("evidence-unknown", says, f"write {named.evidence}", named)

    def _owned(self, fact: Fact) -> None:
        role = next((party.role for party in self.program.parties if party.party_id == self.claim.owner), None)
        if role is None or self.claim.owner == fact.owner:
            return
        # A test belongs to the party that its record names; of other facts, to whoever has the role.
        if fact.key.startswith("test/") or not may_state(role, fact.key, self.program.mode):
            says = f"`{fact.key}` is the fact of `{fact.owner}`, and a {role} does not answer for it"
            self._break("unowned-fact", says, f"let `{fact.owner}` own the claim", fact)

    def _value(self, fact: Fact) -> None:
        claim = self.claim
        if claim.unit.casefold() != fact.unit.casefold():
            says = f"it is told in `{claim.unit or 'no unit'}`, and `{fact.key}` is in `{fact.unit or 'no unit'}`"
            self._break("unit-wrong", says, f"tell it in {fact.unit or 'no unit'}: {fact.told}", fact)
        elif same(claim.value, fact.value):
            return
        elif fact.key.startswith("option/"):
            built = self.book.find(f"option/{fact.key.removeprefix('option/').partition('.')[0]}")
            says = f"`{claim.subject.id}` is shown, and nobody builds it" if claim.value == YES else "it is built"
            has = f"; {built.key} has only: {built.value}" if built and claim.value == YES else ""
            facts = (fact, built) if built else (fact,)
            self._break("not-buildable", says + has, "take it out of the picture, or build it", *facts)
        elif fact.key == "invoice/everywhere" and claim.value == YES:
            cities = [f for f in self.book if f.key.startswith("invoice/") and f.value == NO and f.key != fact.key]
            count = self.book.find("invoice/cities")
            assert count is not None
            of = len(cities) + int(count.value)
            says = f"it is claimed for all cities, and an invoice is written in {count.value} of {of}"
            few = cities[:_CITIES_NAMED_MAX]
            self._break("scope-too-wide", says, "name the cities, or their number", fact, count, *few)
        elif fact.key.startswith(_CONTRACT):
            says = f"it says {claim.value} {claim.unit}".strip() + f", and `{fact.key}` is {fact.told}"
            self._break("refund-contradicts-policy", says, "say what the contract says", fact)
        else:
            says = f"it says {claim.value} {claim.unit}".strip() + f", and `{fact.key}` is {fact.told}"
            self._break("value-contradicts-fact", says, f"say {fact.told}", fact)


def _few(names: Iterable[str], most: int = 6) -> str:
    listed = list(names)
    return ", ".join(f"`{name}`" for name in listed[:most]) + (", …" if len(listed) > most else "")
