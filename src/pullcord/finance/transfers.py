"""Which lines each business event posts. Pure: the same arguments give the same transfer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from pullcord.base import InvalidInput, Money, OrderId, PartyId

from .accounts import account
from .model import Posting, Transferred


def transfer(transfer_id: str, memo: str, currency: str, lines: Iterable[tuple[str, int]]) -> Transferred:
    """A transfer of these (account, minor units) lines; lines of one account are added up, empty ones left out."""
    totals: dict[str, int] = {}
    for written, minor in lines:
        totals[written] = totals.get(written, 0) + minor
    postings = tuple(Posting(written, minor) for written, minor in totals.items() if minor)
    return Transferred(transfer_id=transfer_id, memo=memo, lines=postings, currency=currency)


def _positive(amount: Money, what: str) -> int:
    if amount.minor <= 0:
        raise InvalidInput(f"{what} of {amount} cannot be booked", "give an amount above 0")
    return amount.minor


def _two_parties(buyer: PartyId, supplier: PartyId) -> None:
    if buyer == supplier:
        raise InvalidInput(f"`{buyer}` cannot owe itself money", "name two different parties")


def deposit(transfer_id: str, platform: PartyId, order_id: OrderId, amount: Money) -> Transferred:
    """The customer pays a deposit, which the platform holds for the order."""
    minor = _positive(amount, "a deposit")
    held = account(platform, "customer_deposits", order_id)
    lines = ((account(platform, "cash"), minor), (held, -minor))
    return transfer(transfer_id, f"deposit for order {order_id}", amount.currency, lines)


def refund(transfer_id: str, platform: PartyId, order_id: OrderId, amount: Money) -> Transferred:
    """The customer gets a deposit back."""
    minor = _positive(amount, "a refund")
    held = account(platform, "customer_deposits", order_id)
    lines = ((held, minor), (account(platform, "cash"), -minor))
    return transfer(transfer_id, f"refund for order {order_id}", amount.currency, lines)


def forfeit(transfer_id: str, platform: PartyId, order_id: OrderId, amount: Money) -> Transferred:
    """The customer ended an order too late to get the deposit back: it is the platform's now."""
    minor = _positive(amount, "a forfeit")
    lines = ((account(platform, "customer_deposits", order_id), minor), (account(platform, "forfeits"), -minor))
    return transfer(transfer_id, f"forfeit of order {order_id}", amount.currency, lines)


def sale(
    transfer_id: str,
    platform: PartyId,
    order_id: OrderId,
    price: Money,
    deposit_used: Money,
    parts: Sequence[tuple[PartyId, Money]],
) -> Transferred:
    """A handover: the deposit is used up, the customer pays the rest, and each party earns its part of the price.

    `platform` is the party that sells and collects for all; what it owes a party stands in `payable/<party>` until it
    is settled. `parts` add up to the price; one below zero is what its party gives, so that the others get theirs.
    """
    whole = _positive(price, "a sale")
    if deposit_used.currency != price.currency or not 0 <= deposit_used.minor <= whole:
        raise InvalidInput(
            f"a deposit of {deposit_used} cannot be used up by a sale at {price}",
            "use at most the price, in its currency; refund what is left",
        )
    lines = [
        (account(platform, "cash"), whole - deposit_used.minor),
        (account(platform, "customer_deposits", order_id), deposit_used.minor),
        *_shared(platform, price, parts),
    ]
    return transfer(transfer_id, f"sale of order {order_id}", price.currency, lines)


def fee(
    transfer_id: str,
    seller: PartyId,
    order_id: OrderId,
    month: int,
    amount: Money,
    parts: Sequence[tuple[PartyId, Money]],
) -> Transferred:
    """The customer pays one month of a plan, and each party earns its part of it."""
    lines = [(account(seller, "cash"), _positive(amount, "a monthly fee")), *_shared(seller, amount, parts)]
    return transfer(transfer_id, f"month {month} of order {order_id}", amount.currency, lines)


def _shared(seller: PartyId, whole: Money, parts: Sequence[tuple[PartyId, Money]]) -> list[tuple[str, int]]:
    """The lines by which the parties earn what the seller collected."""
    total = sum(part.minor for _, part in parts)
    if total != whole.minor or any(part.currency != whole.currency for _, part in parts):
        raise InvalidInput(
            f"parts of {total} minor units do not make up {whole}", "let the parts add up to what was paid"
        )
    lines: list[tuple[str, int]] = []
    for party, part in parts:
        if party != seller and part.minor > 0:
            lines.append((account(seller, "payable", party), -part.minor))
            lines.append((account(party, "receivable", seller), part.minor))
        elif party != seller:
            lines.append((account(seller, "receivable", party), -part.minor))
            lines.append((account(party, "payable", seller), part.minor))
        lines.append((account(party, "sales"), -part.minor))
    return lines


def loan(transfer_id: str, lender: PartyId, borrower: PartyId, order_id: OrderId, amount: Money) -> Transferred:
    """A funder lends the seller what a customer has yet to pay."""
    _two_parties(borrower, lender)
    minor = _positive(amount, "a loan")
    lines = (
        (account(lender, "lent", order_id), minor),
        (account(lender, "cash"), -minor),
        (account(borrower, "cash"), minor),
        (account(borrower, "borrowed", order_id), -minor),
    )
    return transfer(transfer_id, f"loan of {lender} to {borrower} for order {order_id}", amount.currency, lines)


def repayment(
    transfer_id: str, lender: PartyId, borrower: PartyId, order_id: OrderId, amount: Money, interest: Money
) -> Transferred:
    """The loan goes back, and what it cost with it."""
    _two_parties(borrower, lender)
    minor = _positive(amount, "a repayment")
    lines = (
        (account(borrower, "borrowed", order_id), minor),
        (account(borrower, "interest_paid"), interest.minor),
        (account(borrower, "cash"), -minor - interest.minor),
        (account(lender, "cash"), minor + interest.minor),
        (account(lender, "lent", order_id), -minor),
        (account(lender, "interest_earned"), -interest.minor),
    )
    return transfer(transfer_id, f"repayment of {borrower} to {lender} for order {order_id}", amount.currency, lines)


def invoice(transfer_id: str, buyer: PartyId, supplier: PartyId, amount: Money, about: str) -> Transferred:
    """A supplier bills what it delivered; both books take it up at once, so they cannot disagree."""
    _two_parties(buyer, supplier)
    minor = _positive(amount, "an invoice")
    lines = (
        (account(buyer, "purchases"), minor),
        (account(buyer, "payable", supplier), -minor),
        (account(supplier, "receivable", buyer), minor),
        (account(supplier, "sales"), -minor),
    )
    return transfer(transfer_id, f"invoice of {supplier} to {buyer}: {about}", amount.currency, lines)


def payment(transfer_id: str, payer: PartyId, payee: PartyId, amount: Money, about: str) -> Transferred:
    """A party pays what it owes another."""
    _two_parties(payer, payee)
    minor = _positive(amount, "a payment")
    lines = (
        (account(payer, "payable", payee), minor),
        (account(payer, "cash"), -minor),
        (account(payee, "cash"), minor),
        (account(payee, "receivable", payer), -minor),
    )
    return transfer(transfer_id, f"payment of {payer} to {payee}: {about}", amount.currency, lines)


def capital(transfer_id: str, party: PartyId, amount: Money) -> Transferred:
    """The owners of a party pay money in."""
    minor = _positive(amount, "capital")
    lines = ((account(party, "cash"), minor), (account(party, "capital"), -minor))
    return transfer(transfer_id, f"capital of {party}", amount.currency, lines)


def netting(
    transfer_id: str,
    platform: PartyId,
    period: str,
    currency: str,
    owed: Mapping[PartyId, int],
    owing: Mapping[PartyId, int],
) -> Transferred:
    """All that the platform and the parties owe each other, cleared by one payment for each party.

    `owed`: what the platform owes each party; `owing`: what each party owes the platform; minor units, >= 0. A party
    that owes more than it is owed pays the difference.
    """
    lines: list[tuple[str, int]] = []
    for party in sorted({*owed, *owing}):
        due, back = owed.get(party, 0), owing.get(party, 0)
        lines += (
            (account(platform, "payable", party), due),
            (account(platform, "receivable", party), -back),
            (account(platform, "cash"), back - due),
            (account(party, "receivable", platform), -due),
            (account(party, "payable", platform), back),
            (account(party, "cash"), due - back),
        )
    return transfer(transfer_id, f"settlement {period}", currency, lines)
