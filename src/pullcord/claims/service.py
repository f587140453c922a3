"""One function for each thing that can be done with claims: publish, take back, change a fact."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, timedelta

from pullcord.base import ClaimId, InvalidInput
from pullcord.store import Reader, Transaction

from .exposure import both, count_exposed, scope_of, scope_of_fact
from .facts import FactBook, same, same_form
from .ground import Ground
from .model import (
    Broken,
    CheckedClaims,
    Claim,
    ClaimPublished,
    ClaimUnpublished,
    Condition,
    FactAnswer,
    FactChanged,
    Notice,
    NoticeDrafted,
    Place,
    Publication,
    Told,
    Withdrawal,
)
from .notice import draft
from .rules import check_claims
from .store import CLAIM, CLAIM_FACT, FACT, ClaimRow

_NOT_FELT = ("expired", "beside-unknown")  # a claim does not fall by these: it ran out, or its company left


def facts_now(reader: Reader, book: FactBook) -> FactBook:
    """The program's facts with all that has changed since its files were written."""
    rows = reader.select(FACT, order_by=(FACT.sql.c.changed_seq,))
    if not rows:
        return book
    return book.changed((row.fact_key, row.value, _in_ledger(row.changed_seq)) for row in rows)


def _in_ledger(seq: int) -> Place:
    return Place("ledger", (("event", str(seq)),))


def check_now(reader: Reader, book: FactBook, claims: Sequence[Claim], day: date) -> CheckedClaims:
    """Claims held against the facts as they are now, beside those that are public already."""
    return check_claims(book.ground, _universe(reader, book.ground, claims), at=day, book=facts_now(reader, book))


def publish(tx: Transaction, book: FactBook, claims: Sequence[Claim], day: date) -> Publication:
    """Publish the claims that hold, with those that stand beside them; the others are refused with all they break.

    A claim that is public already, word for word, stays so.
    """
    ground = book.ground
    universe = _universe(tx, ground, claims)
    checked = {found.claim.claim_id: found for found in check_claims(
        ground, universe, at=day, book=facts_now(tx, book)
    ).claims}  # fmt: skip
    wanted = _with_company([claim.claim_id for claim in claims], {c.claim_id: c for c in universe})
    done: list[ClaimId] = []
    refused: list[Told] = []
    for claim_id in wanted:
        found = checked[claim_id]
        if not found.holds:
            refused += [_told(breach) for breach in found.broken]
            continue
        done.append(claim_id)
        row = tx.get(CLAIM, claim_id)
        if row is not None and row.public:
            if row.claim == found.claim:
                continue
            _take_back(tx, row, "published anew, in other words")
        tx.emit(f"claim/{claim_id}", ClaimPublished(found.claim, found.rests))
    return Publication(tuple(done), tuple(refused))


def _told(breach: Broken) -> Told:
    return Told(breach.claim_id, breach.rule, breach.says, breach.mend)


def _universe(reader: Reader, ground: Ground, claims: Sequence[Claim]) -> list[Claim]:
    """The claims wanted, those that are public, and those of the program that may be shown beside them."""
    known = {claim.claim_id: claim for claim in ground.claims}
    public = {row.claim_id: row.claim for row in reader.select(CLAIM, CLAIM.sql.c.public.is_(True))}
    asked = {claim.claim_id: claim for claim in claims}
    everything = known | public | asked
    return [everything[claim_id] for claim_id in _with_company([*public, *asked], everything)]


def _with_company(claim_ids: Iterable[ClaimId], known: dict[ClaimId, Claim]) -> list[ClaimId]:
    """The claims, and those that are shown beside them, and beside these."""
    found: dict[ClaimId, None] = {}
    waiting = [claim_id for claim_id in claim_ids if claim_id in known]
    while waiting:
        claim_id = waiting.pop(0)
        if claim_id not in found:
            found[claim_id] = None
            waiting += [other for other in known[claim_id].beside if other in known]
    return list(found)


def withdraw(tx: Transaction, book: FactBook, claim_id: ClaimId, why: str, day: date) -> Withdrawal:
    """Take a claim back, and with it those that may not be shown without it."""
    row = tx.get(CLAIM, claim_id)
    if row is None or not row.public:
        return Withdrawal((), f"claim `{claim_id}` is not public")
    _take_back(tx, row, why)
    return Withdrawal((claim_id, *_fall(tx, facts_now(tx, book), day, f"`{claim_id}` was taken back")))


def _take_back(tx: Transaction, row: ClaimRow, why: str, fact_key: str | None = None) -> None:
    keys = tuple(fact.fact_key for fact in tx.select(CLAIM_FACT, CLAIM_FACT.sql.c.claim_id == row.claim_id))
    tx.emit(f"claim/{row.claim_id}", ClaimUnpublished(row.claim_id, why, keys, fact_key))


def _fall(tx: Transaction, book: FactBook, day: date, because: str) -> list[ClaimId]:
    """Take back every public claim that no longer holds by what is still public, until all that are do."""
    fallen: list[ClaimId] = []
    while True:
        rows = {row.claim_id: row for row in tx.select(CLAIM, CLAIM.sql.c.public.is_(True))}
        claims = [
            replace(claim, beside=tuple(other for other in claim.beside if other in rows))
            for claim in (row.claim for row in rows.values())
        ]
        broken = {
            breach.claim_id: breach
            for breach in check_claims(book.ground, claims, at=day, book=book).broken
            if breach.rule not in _NOT_FELT
        }
        if not broken:
            return fallen
        for claim_id, breach in broken.items():
            _take_back(tx, rows[claim_id], f"{because}: {breach.says}")
            fallen.append(claim_id)


def change_fact(
    tx: Transaction, book: FactBook, key: str, value: str, why: str, day: date, utc_offset: timedelta
) -> FactAnswer:
    """Note that a fact is another, take back the claims that rest on it, and draft the letters to who was exposed.

    Raises InvalidInput for a fact that there is not, or a value that it cannot have.
    """
    before = facts_now(tx, book)
    fact = before.find(key)
    seq = tx.head + 1
    after = before.changed([(key, value, _in_ledger(seq))])
    if fact is None:
        raise InvalidInput(f"there is no fact `{key}`", "docs/concepts/claims.md lists the kinds of facts")
    told = same_form(fact, value)
    differing = before.differing(after)
    if same(fact.value, told) and not differing:
        return FactAnswer(key, fact.value, told, (), (), 0, f"`{key}` is {fact.told} already")
    tx.emit(f"fact/{key}", FactChanged(key, fact.value, told, fact.unit, why))
    rests = CLAIM_FACT.sql.c
    touched: dict[ClaimId, str] = {}
    for rest in tx.select(CLAIM_FACT, rests.fact_key.in_(differing)) if differing else ():
        # Of several facts that moved together, the one that was changed tells the customer most.
        if rest.claim_id not in touched or rest.fact_key == key:
            touched[rest.claim_id] = rest.fact_key
    rows = {claim_id: row for claim_id in touched if (row := tx.get(CLAIM, claim_id)) is not None and row.public}
    conditions = [_condition(tx, book.ground, row, key) for row in rows.values()]
    counts, exposed = count_exposed(tx, conditions)
    notices: list[Notice] = []
    for (claim_id, row), condition, count in zip(rows.items(), conditions, counts, strict=True):
        moved = touched[claim_id]
        _take_back(tx, row, f"`{moved}` changed: {why}", moved)
        became = after.find(key)
        assert became is not None
        public_from, public_to = ((at + utc_offset).date() for at in (condition.since, condition.until))
        english, chinese = draft(book.ground, row.claim, fact, became, public_from, public_to)
        notice = Notice(claim_id, key, fact.value, became.value, condition, count, english, chinese)
        tx.emit(f"claim/{claim_id}", NoticeDrafted(notice))
        notices.append(notice)
    fallen = _fall(tx, after, day, f"`{key}` changed")
    return FactAnswer(key, fact.value, told, (*rows, *fallen), tuple(notices), exposed)


def _condition(tx: Transaction, ground: Ground, row: ClaimRow, key: str) -> Condition:
    """Which orders were exposed to a claim, as far as the changed fact concerns them."""
    scope = both(scope_of(row.claim.subject), scope_of_fact(ground, key))
    return Condition(row.published_at, tx.now, scope.get("variants"), scope.get("plans"), scope.get("cities"))
