"""The claims as the shop shows them: the sentence, who answers for it, what it rests on, until when it holds."""

from __future__ import annotations

from dataclasses import dataclass

from pullcord import claims
from pullcord.claims import ShownClaim

from .house import Shop
from .words import Words


@dataclass(frozen=True, slots=True)
class ClaimView:
    """A claim in the reader's language; `facts` are labelled lines."""

    id: str
    said: str
    facts: tuple[tuple[str, str], ...]


def views(shop: Shop, t: Words) -> list[ClaimView]:
    """The public claims of the ledger, in the program's order."""
    with shop.app.ledger.reader() as reader:
        shown = claims.for_display(shop.program, shop.program.folder, reader=reader, at=shop.today())
    texts = {claim.claim_id: said(t, claim) for claim in shown}
    return [view(shop, t, claim, texts) for claim in shown]


def said(t: Words, claim: ShownClaim) -> str:
    """The sentence itself."""
    return claim.text_zh if t.language == "zh" else claim.text_en


def view(shop: Shop, t: Words, claim: ShownClaim, texts: dict[str, str]) -> ClaimView:
    """One claim with its owner, evidence and validity."""
    evidence = claim.evidence_zh if t.language == "zh" else claim.evidence_en
    place = " · ".join(part for part in (claim.where, claim.evidence_source) if part)
    facts = [
        (
            t("claims.owner"),
            shop.party(t, claim.owner_id) if claim.owner_id in shop.house.parties else claim.owner_name,
        ),
        (t("claims.rests_on"), evidence),
        (t("claims.where"), place),
        (t("claims.valid"), _validity(t, claim)),
        (t("claims.source"), " · ".join(part for part in (claim.source, claim.mark) if part)),
    ]
    mark = " " if t.language == "en" else ""
    beside = mark.join(texts[other] for other in claim.beside if other in texts)
    facts.append((t("claims.beside"), beside))
    return ClaimView(claim.claim_id, texts[claim.claim_id], tuple((label, text) for label, text in facts if text))


def _validity(t: Words, claim: ShownClaim) -> str:
    if claim.valid_from and claim.valid_to:
        return t("claims.valid_between", day=t.day(claim.valid_from), end=t.day(claim.valid_to))
    if claim.valid_from:
        mark = "，" if t.language == "zh" else ", "
        return mark.join((t("claims.valid_from", day=t.day(claim.valid_from)), t("claims.valid_until_changed")))
    return t("claims.valid_until_changed")
