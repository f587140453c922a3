"""M5: what was said in public without support, read from events by kind and by field name.

claim.published     claim.claim_id, rests[].key and .value
claim.unpublished   claim_id, fact_key
fact.changed        key, value
order.reserved      (only that there was one)
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from .ledger import Recorded


@dataclass(frozen=True, slots=True)
class ClaimMeasure:
    """M5 with its parts."""

    per_1000_orders: float
    unsupported: int  # claims that customers ordered under, and that turned out not to be so
    published: int  # claims that were ever public
    orders: int


def claim_mismatch(unsupported: int, orders: int) -> float:
    """Claims without support per 1,000 orders; 0 where nobody ordered."""
    return 1_000 * unsupported / orders if orders else 0.0


def read_claim_measure(events: Iterable[Recorded]) -> ClaimMeasure | None:
    """M5 of one program, from its events in order of `seq`; None where nothing was ever claimed or ordered.

    A claim counts once, however often it was published: when somebody reserved while it was public and it was then
    taken back for a fact that had changed, or is public still although a fact that it rests on has changed.
    """
    public: dict[str, tuple[int, dict[str, str]]] = {}  # claim: orders when it was published, what it rests on
    published: set[str] = set()
    unsupported: set[str] = set()
    now: dict[str, str] = {}
    orders = 0
    for event in events:
        body = event.body
        match event.kind:
            case "order.reserved":
                orders += 1
            case "claim.published":
                claim_id = body.claim.claim_id
                published.add(claim_id)
                public[claim_id] = (orders, {rest.key: rest.value for rest in body.rests})
            case "claim.unpublished":
                since, _ = public.pop(body.claim_id, (orders, {}))
                if body.fact_key is not None and orders > since:
                    unsupported.add(body.claim_id)
            case "fact.changed":
                now[body.key] = body.value
    for claim_id, (since, rests) in public.items():
        if orders > since and any(now.get(key, value) != value for key, value in rests.items()):
            unsupported.add(claim_id)
    if not published or not orders:
        return None
    return ClaimMeasure(claim_mismatch(len(unsupported), orders), len(unsupported), len(published), orders)
