"""Claims as they are shown to people: the words, the evidence in both languages, the owner, the state."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from pullcord.store import Reader

from . import words
from .facts import FactBook
from .ground import Ground
from .model import PUBLIC, Broken, Claim
from .places import Lines
from .rules import check_claims, fact_key
from .service import facts_now
from .store import all_claims


@dataclass(frozen=True, slots=True)
class ShownClaim:
    """One claim, ready to be shown."""

    claim_id: str
    medium: str
    subject_kind: str
    subject_id: str
    attribute: str
    text_en: str
    text_zh: str
    value: str
    unit: str
    owner_id: str
    owner_name: str
    evidence_en: str
    evidence_zh: str
    fact_key: str
    where: str  # file:line of the evidence, or the event that changed it
    evidence_source: str
    evidence_mark: str
    audience: tuple[str, ...]
    valid_from: date | None
    valid_to: date | None
    beside: tuple[str, ...]
    source: str
    mark: str
    state: str  # published, unpublished, expired; or before anything is in a ledger: holds, refused
    published_at: datetime | None
    why: str  # of what is not public: the reason
    broken: tuple[Broken, ...] = ()


def for_display(
    ground: Ground,
    folder: Path,
    *,
    reader: Reader | None = None,
    at: date | None = None,
    claims: Sequence[Claim] | None = None,
    book: FactBook | None = None,
    everything: bool = False,
) -> list[ShownClaim]:
    """Claims as rows for people: the public ones of a ledger or, without a `reader`, those of the program that hold.

    `at` is the local day, by default the program's first. `everything` adds what is refused, withdrawn or out of date.
    `claims` are held against the program instead of its own. Only what everybody may read is shown, in the program's
    order, then by id.
    """
    day = at or ground.starts_on
    book = book or FactBook(ground)
    given = tuple(ground.claims if claims is None else claims)
    if reader is not None:
        book = facts_now(reader, book)
    lines = Lines(folder)
    names: dict[str, str] = {party.party_id: party.name for party in ground.parties}
    rows: list[ShownClaim] = []
    if reader is None or everything:
        for checked in check_claims(ground, given, at=day, book=book).claims:
            state = "holds" if checked.holds else "refused"
            why = "; ".join(breach.says for breach in checked.broken)
            rows.append(_row(book, lines, names, checked.claim, state, None, why, checked.broken))
    if reader is not None:
        order: dict[str, int] = {claim.claim_id: place for place, claim in enumerate(given)}
        found: dict[str, ShownClaim] = {row.claim_id: row for row in rows}
        for kept in all_claims(reader):
            claim = kept.claim
            late = (claim.valid_to is not None and claim.valid_to < day) or (
                claim.valid_from is not None and day < claim.valid_from
            )
            state = "unpublished" if not kept.public else "expired" if late else "published"
            found[kept.claim_id] = _row(book, lines, names, claim, state, kept.published_at, kept.why or "", ())
        rows = sorted(found.values(), key=lambda row: (order.get(row.claim_id, len(order)), row.claim_id))
    good = ("published",) if reader is not None else ("holds",)
    return [row for row in rows if (everything or row.state in good) and (PUBLIC in row.audience or everything)]


def _row(
    book: FactBook,
    lines: Lines,
    names: dict[str, str],
    claim: Claim,
    state: str,
    published_at: datetime | None,
    why: str,
    broken: tuple[Broken, ...],
) -> ShownClaim:
    key = fact_key(book, claim)
    fact = book.find(key) if key else None
    told = words.evidence(book.ground, fact) if fact else ("", "")
    line = lines.find(fact.place) if fact else None
    return ShownClaim(
        claim_id=claim.claim_id,
        medium=claim.medium,
        subject_kind=claim.subject.kind,
        subject_id=claim.subject.id,
        attribute=claim.attribute,
        text_en=claim.shown_en,
        text_zh=claim.shown_zh,
        value=claim.value,
        unit=claim.unit,
        owner_id=claim.owner or "",
        owner_name=names.get(claim.owner or "", claim.owner or ""),
        evidence_en=told[0],
        evidence_zh=told[1],
        fact_key=fact.key if fact else "",
        where=line.where if line else "",
        evidence_source=line.source if line else "",
        evidence_mark=line.mark if line else "",
        audience=claim.audience,
        valid_from=claim.valid_from,
        valid_to=claim.valid_to,
        beside=claim.beside,
        source=claim.source,
        mark=claim.mark,
        state=state,
        published_at=published_at,
        why=why,
        broken=broken,
    )
