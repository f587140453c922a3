"""The books of a whole alliance, kept in a real ledger."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from pullcord.base import Conflict, Money, OrderId, PartyId, ProgramId, PullcordError
from pullcord.finance import (
    ACCOUNT_BALANCE,
    POSTING,
    PROJECTION,
    TRANSFER,
    Transferred,
    balances,
    pay_in_capital,
    pay_supplier,
    recognise_sale,
    refund_deposit,
    settle,
    statement,
    supplier_invoice,
    take_deposit,
    trial_balance,
)
from pullcord.store import verify

JD, GAC, CATL, SEATS = PartyId("jd"), PartyId("gac"), PartyId("catl"), PartyId("seats")
O1, O2 = OrderId("o1"), OrderId("o2")
PRICE, DEPOSIT = Money.of("49900", "CNY"), Money.of("99", "CNY")
SHARES = [(JD, Fraction(1, 20)), (GAC, Fraction(13, 20)), (CATL, Fraction(3, 10))]


def parts_of(price: Money) -> list[tuple[PartyId, Money]]:
    """The price, split by the shares."""
    amounts = price.split([share for _, share in SHARES])
    return [(party, amount) for (party, _), amount in zip(SHARES, amounts, strict=True)]


def yuan(amount: int) -> Money:
    return Money(amount, "CNY")


def balance_of(books: Any, written: str) -> int:
    with books.ledger.reader() as reader:
        row = reader.get(ACCOUNT_BALANCE, written, "CNY")
        return row.minor if row is not None else 0


def take(books: Any, order: OrderId = O1, amount: Money = DEPOSIT, name: str = "") -> Any:
    return books.do(take_deposit, transfer_id=name or f"deposit-{order}", platform=JD, order_id=order, amount=amount)


def sell(books: Any, order: OrderId = O1, price: Money = PRICE, deposit: Money = DEPOSIT, name: str = "") -> Any:
    return books.do(
        recognise_sale,
        transfer_id=name or f"sale-{order}",
        platform=JD,
        order_id=order,
        price=price,
        deposit=deposit,
        parts=parts_of(price),
    )


def check_books(books: Any, parties: tuple[PartyId, ...] = (JD, GAC, CATL, SEATS)) -> None:
    """Everything that must hold whatever has happened."""
    with books.ledger.reader() as reader:
        for line in trial_balance(reader):
            assert line.difference == Money(0, line.debit.currency)
        by_account: dict[str, int] = {}
        for posting in reader.select(POSTING):
            by_account[posting.account] = by_account.get(posting.account, 0) + posting.minor
        rows = {row.account: row for row in reader.select(ACCOUNT_BALANCE)}
        assert {account: row.debit_minor - row.credit_minor for account, row in rows.items()} == by_account
        for account, row in rows.items():
            if row.name == "customer_deposits":
                assert row.minor >= 0
            if row.name == "payable":
                debtor, _, creditor = account.split("/")
                assert row.minor == rows[f"{creditor}/receivable/{debtor}"].minor
        for party in parties:
            page = statement(reader, party, "CNY")
            assert page.assets == page.liabilities + page.equity + page.result
        assert sum(line.amount.minor * line.kind.normal_sign for line in balances(reader)) == 0


def test_a_deposit_a_sale_a_settlement(books: Any) -> None:
    take(books)
    assert balance_of(books, "jd/customer_deposits/o1") == DEPOSIT.minor
    sell(books)
    assert balance_of(books, "jd/customer_deposits/o1") == 0
    assert balance_of(books, "jd/cash") == PRICE.minor
    assert balance_of(books, "jd/payable/gac") == 3_243_500
    payments = books.do(settle, transfer_id="settle-1", platform=JD, period="2025-W48", currency="CNY")
    assert [(payment.party_id, payment.amount) for payment in payments] == [
        (CATL, Money.of("14970", "CNY")),
        (GAC, Money.of("32435", "CNY")),
    ]
    assert balance_of(books, "jd/cash") == PRICE.minor // 20
    with books.ledger.reader() as reader:
        page = statement(reader, GAC, "CNY")
        assert (page.assets, page.income, page.result) == (Money.of("32435", "CNY"),) * 3
        assert [line.account for line in page.lines] == ["gac/cash", "gac/receivable", "gac/sales"]
        assert statement(reader, PartyId("nobody"), "CNY").assets == yuan(0)
    check_books(books)


def test_one_business_event_is_one_event_and_few_rows(books: Any) -> None:
    take(books)
    sell(books)
    with books.ledger.reader() as reader:
        assert len(list(books.ledger.events(kinds=[Transferred]))) == len(reader.select(TRANSFER)) == 2
        assert len(reader.select(POSTING)) == 2 + 9


def test_asked_twice_it_is_booked_once(books: Any) -> None:
    first = take(books)
    assert take(books) == first
    assert sell(books) == sell(books)
    ask = {"transfer_id": "settle-1", "platform": JD, "period": "2025-W48", "currency": "CNY"}
    payments = books.do(settle, **ask)
    sell(books, O2, deposit=yuan(0))
    assert books.do(settle, **ask) == payments  # what came later waits for the next settlement
    assert len(list(books.ledger.events(kinds=[Transferred]))) == 4
    check_books(books)


def test_the_same_name_for_something_else_is_refused(books: Any) -> None:
    take(books)
    for other in (
        lambda: take(books, amount=yuan(1), name="deposit-o1"),
        lambda: take(books, O2, name="deposit-o1"),
        lambda: books.do(settle, transfer_id="deposit-o1", platform=JD, period="2025-W48", currency="CNY"),
        lambda: books.do(refund_deposit, transfer_id="deposit-o1", platform=JD, order_id=O1, amount=DEPOSIT),
    ):
        with pytest.raises(Conflict, match="already booked as `deposit for order o1`"):
            other()


def test_no_more_is_refunded_than_was_taken(books: Any) -> None:
    take(books)
    take(books, O2, yuan(1_000_000))  # another's deposit does not help
    refund = {"platform": JD, "order_id": O1}
    with pytest.raises(Conflict, match=r"`jd/customer_deposits/o1` holds 99\.00 CNY, so 99\.01 CNY cannot be taken"):
        books.do(refund_deposit, transfer_id="r1", amount=DEPOSIT + yuan(1), **refund)
    books.do(refund_deposit, transfer_id="r2", amount=DEPOSIT - yuan(1), **refund)
    with pytest.raises(Conflict, match=r"holds 0\.01 CNY"):
        books.do(refund_deposit, transfer_id="r3", amount=yuan(2), **refund)
    books.do(refund_deposit, transfer_id="r4", amount=yuan(1), **refund)
    with pytest.raises(Conflict, match=r"holds 0\.00 CNY"):
        sell(books)
    check_books(books)


def test_the_table_itself_refuses_an_overdrawn_deposit(books: Any, url: str) -> None:
    take(books)
    engine = sa.create_engine(url)
    with engine.connect() as connection, pytest.raises(sa.exc.IntegrityError, match="deposit_covered"):
        connection.execute(
            sa.update(ACCOUNT_BALANCE.sql)
            .where(ACCOUNT_BALANCE.sql.c.name == "customer_deposits")
            .values(debit_minor=DEPOSIT.minor + 1)
        )
    engine.dispose()


def test_a_supplier_is_paid_what_it_is_owed(books: Any) -> None:
    books.do(pay_in_capital, transfer_id="c1", party=GAC, amount=yuan(10_000))
    owed = {"buyer": GAC, "supplier": SEATS, "about": "call-off 7"}
    books.do(supplier_invoice, transfer_id="i1", amount=yuan(4_000), **owed)
    books.do(pay_supplier, transfer_id="p1", amount=yuan(1_500), **owed)
    with pytest.raises(Conflict, match=r"`gac/payable/seats` holds 25\.00 CNY"):
        books.do(pay_supplier, transfer_id="p2", amount=yuan(2_501), **owed)
    assert balance_of(books, "seats/receivable/gac") == 2_500
    with books.ledger.reader() as reader:
        page = statement(reader, GAC, "CNY")
        assert (page.assets, page.liabilities, page.equity, page.result) == tuple(
            map(yuan, (8_500, 2_500, 10_000, -4_000))
        )
    check_books(books)


def test_a_settlement_nets_both_ways(books: Any) -> None:
    sell(books, deposit=yuan(0))  # jd owes gac 32,435.00
    freight = {"supplier": JD, "about": "transport"}
    books.do(supplier_invoice, transfer_id="i1", buyer=GAC, amount=Money.of("32000", "CNY"), **freight)
    books.do(supplier_invoice, transfer_id="i2", buyer=CATL, amount=Money.of("20000", "CNY"), **freight)
    books.do(supplier_invoice, transfer_id="i3", buyer=SEATS, amount=Money.of("10", "CNY"), **freight)
    payments = books.do(settle, transfer_id="s1", platform=JD, period="2025-W48", currency="CNY")
    assert {payment.party_id: payment.amount for payment in payments} == {
        GAC: Money.of("435", "CNY"),
        CATL: Money.of("-5030", "CNY"),
        SEATS: Money.of("-10", "CNY"),
    }
    for account in ("jd/payable/gac", "jd/receivable/gac", "jd/receivable/catl", "seats/payable/jd"):
        assert balance_of(books, account) == 0
    assert books.do(settle, transfer_id="s2", platform=JD, period="2025-W49", currency="CNY") == ()
    check_books(books)


def test_currencies_are_kept_apart(books: Any) -> None:
    take(books)
    take(books, O2, Money.of("10", "EUR"))
    with books.ledger.reader() as reader:
        assert [str(line.debit) for line in trial_balance(reader)] == ["99.00 CNY", "10.00 EUR"]
        assert statement(reader, JD, "EUR").assets == Money.of("10", "EUR")
    with pytest.raises(Conflict, match=r"holds 0\.00 EUR"):
        books.do(refund_deposit, transfer_id="r", platform=JD, order_id=O1, amount=Money.of("1", "EUR"))


def test_a_replay_writes_the_same_books(books: Any, url: str) -> None:
    take(books)
    sell(books)
    books.do(settle, transfer_id="s1", platform=JD, period="2025-W48", currency="CNY")
    books.ledger.close()
    found = verify(url, ProgramId("books"), (PROJECTION,))
    assert found.faults == ()
    assert {name: (rows, kept == rebuilt) for name, (rows, kept, rebuilt) in found.tables.items()} == {
        "transfer": (3, True),
        "posting": (2 + 9 + 7, True),
        "account_balance": (11, True),
    }


ORDERS = st.sampled_from([O1, O2])
AMOUNTS = st.integers(1, 20_000).map(yuan)
ACTS = st.one_of(
    st.tuples(st.just(take_deposit), st.fixed_dictionaries({"order_id": ORDERS, "amount": AMOUNTS})),
    st.tuples(st.just(refund_deposit), st.fixed_dictionaries({"order_id": ORDERS, "amount": AMOUNTS})),
    st.tuples(
        st.just(recognise_sale),
        st.fixed_dictionaries(
            {
                "order_id": ORDERS,
                "price": AMOUNTS,
                "deposit": st.integers(0, 9_000).map(yuan),
            }
        ),
    ),
    st.tuples(
        st.sampled_from([supplier_invoice, pay_supplier]),
        st.fixed_dictionaries(
            {"buyer": st.sampled_from([JD, GAC]), "supplier": st.sampled_from([SEATS, CATL]), "amount": AMOUNTS}
        ),
    ),
    st.tuples(st.just(settle), st.just({"period": "2025-W48", "currency": "CNY"})),
)


def covered(held: dict[OrderId, int], service: Callable[..., Any], given_: dict[str, Any]) -> bool:
    """Whether the deposits allow it; if so, `held` is brought up to date."""
    if service is take_deposit:
        held[given_["order_id"]] += given_["amount"].minor
    elif service in (refund_deposit, recognise_sale):
        used = given_["amount" if service is refund_deposit else "deposit"].minor
        if used > held[given_["order_id"]] or used > given_.get("price", yuan(used)).minor:
            return False
        held[given_["order_id"]] -= used
    return True


@settings(max_examples=40)
@given(acts=st.lists(ACTS, max_size=25))
def test_whatever_happens_the_books_balance(
    fresh_books: Callable[[], Any], acts: list[tuple[Callable[..., Any], dict[str, Any]]]
) -> None:
    books = fresh_books()
    held = {O1: 0, O2: 0}
    with books.ledger:
        for number, (service, given_) in enumerate(acts):
            ask = {"transfer_id": f"t{number}", **given_, **({"about": "x"} if "buyer" in given_ else {"platform": JD})}
            head = books.ledger.head()
            if service is recognise_sale:
                ask["parts"] = parts_of(ask["price"])
            if not covered(held, service, given_):
                with pytest.raises(PullcordError, match=r"cannot be (taken|used up)"):
                    books.do(service, **ask)
                assert books.ledger.head() == head
            elif service is pay_supplier:
                with contextlib.suppress(Conflict):  # more than is owed
                    books.do(service, **ask)
            else:
                books.do(service, **ask)
        assert {order: balance_of(books, f"jd/customer_deposits/{order}") for order in held} == held
        check_books(books)
