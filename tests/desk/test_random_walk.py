"""A house where everybody does what comes to their mind: whatever the order, money, places and dates hold together.

Every command of an order's life is given in a random order, with time passing in between, under each mode of taking
part. What must always hold is counted anew from the events and the tables, never from what the commands answered.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from pullcord import campaigns, finance, orders, procurement, production, promising
from pullcord.alliance import Mode, Party, RightRefused, Role, SettlementShare
from pullcord.app import projections
from pullcord.base import (
    CampaignId,
    CommandId,
    Conflict,
    Forbidden,
    Money,
    NotFound,
    PartyId,
    PersonId,
    PlantId,
    ProgramId,
    monday_of,
    stream,
)
from pullcord.campaigns import CampaignTerms, PlaceState, PriceStep, Quota, Refundable
from pullcord.channel import ANY, ChannelRule, PriceRule
from pullcord.desk import Desk, statement_of
from pullcord.orders import (
    DepositForfeited,
    DepositRefunded,
    OrderCancelled,
    OrderDeposited,
    OrderHandedOver,
    OrderLocked,
    OrderQuoted,
    OrderReserved,
    QuoteLapsed,
    State,
)
from pullcord.program import Program
from pullcord.promising import PromiseInDoubt, PromiseMoved
from pullcord.store import Command, Reader, Transaction, verify
from small_house import SmallHouse, local, small_house, small_program

CNY = "CNY"
STEPS = 300
CITIES = ("chengdu", "harbin", "chengdu", "harbin", "dongguan")  # the last has no invoice
VARIANTS = ("white", "black", "black-tripod")
PLANT = "shenzhen"
HELD = (PlaceState.RESERVED, PlaceState.PAID, PlaceState.OFFERED)


def program_of(mode: Mode) -> Program:
    """A launch where much can go wrong: scarce parts, monthly fees, week prices, a city without invoice, and a bank."""
    program = small_program()
    rented = [
        replace(price, monthly=Money.of("39.90", CNY), cap_km_per_month=100, overage=Money.of("0.25", CNY))
        for price in program.prices
    ]
    rule = ChannelRule(ANY, ANY, None, True, PriceRule.LIST, None, None, None, None, "made up for tests", "A")
    return replace(
        program,
        mode=mode,
        policies=replace(program.policies, week_price_most=Money.of(30, CNY)),
        opening_stock=dict.fromkeys(program.opening_stock, 25),
        cities=tuple(replace(city, invoice=city.city_id != "dongguan") for city in program.cities),
        channel_rules=(rule,),
        parties=(*program.parties, Party(PartyId("bank"), "The bank", Role.FUNDER)),
        prices=tuple(rented),
        monthly_settlement=(
            SettlementShare("owned", PartyId("carrier"), Fraction(1, 3)),
            SettlementShare("owned", PartyId("maker"), Fraction(2, 3)),
        ),
        discounts_borne_by=PartyId("shop") if mode is Mode.TECHNOLOGY else None,
        funding_rate_per_year=Fraction("0.073") if mode is Mode.FUNDING else None,
    )


def campaign_of(number: int, opens_at: datetime) -> CampaignTerms:
    """Three campaigns with overlapping quotas: kind, strict, and without any deposit."""
    return CampaignTerms(
        CampaignId(f"rush-{number}"),
        f"Rush {number}",
        "抢购",
        opens_at,
        opens_at + timedelta(days=25),
        Money.of((20, 30, 0)[number], CNY),
        (Refundable.LOCK, Refundable.NEVER, Refundable.BUILD)[number],
        queue_max=4,
        hold_hours=6,
        quotas=(Quota(ANY, ANY, 5), Quota("white", ANY, 3), Quota(ANY, "harbin", 2)),
        price_ladder=(PriceStep(2, Money.of(10, CNY)), PriceStep(6, Money.of("25.05", CNY))),
        refund_within_hours=(30, None, None)[number],
        pay_within_hours=(12, None, 48)[number],
    )


class Walk:
    """A house, and chance that gives its commands."""

    def __init__(self, house: SmallHouse, seed: int) -> None:
        self.house = house
        self.desk: Desk = house.desk
        self.chance = stream(seed, "random walk")
        self.persons = [f"p-{n}" for n in range(8)]
        self.orders: dict[str, tuple[str, str | None]] = {}  # person, campaign
        self.refused_rights = 0
        self.undone = 0
        self.number = 0
        self.met: set[type] = set()
        self.opens_at = local(house.program, house.program.starts_on, 1)

    def one_of(self, what: Any) -> Any:
        return what[int(self.chance.integers(len(what)))]

    def whose(self, order_id: str) -> PersonId | None:
        """The owner, the seller for them, or now and then somebody else."""
        owner, draw = self.orders.get(order_id, ("p-0", None))[0], self.chance.random()
        return PersonId(owner) if draw < 0.5 else None if draw < 0.95 else PersonId(self.one_of(self.persons))

    def give(self, make: Callable[[], Command[Any]]) -> Any:
        """What a command came to; a failure leaves nothing behind, and a refused right is noted once."""
        head = self.house.ledger.head()
        try:
            return self.house.give(make())
        except Forbidden as failure:
            forbidden = failure.attempt
        except (Conflict, NotFound):
            forbidden = None
            self.undone += 1
        assert self.house.ledger.head() == head
        if forbidden is not None:
            self.house.give(self.desk.note_refusal(forbidden))
            self.refused_rights += 1
        return None

    def reserve(self, n: int) -> None:
        person, order_id = self.one_of(self.persons), f"o-{n}"
        wish = (self.one_of(VARIANTS), "owned", self.one_of(CITIES))
        whose = self.one_of((None, PersonId(person), PersonId("p-0")))
        answer = self.give(lambda: self.desk.reserve(order_id, person, *wish, person=whose))
        if answer is not None and answer.refused is None:
            self.orders[order_id] = (person, None)

    def take_place(self, n: int) -> None:
        person, order_id, campaign = self.one_of(self.persons), f"o-{n}", f"rush-{self.one_of(range(3))}"
        wish = (self.one_of(VARIANTS), "owned", self.one_of(CITIES))
        answer = self.give(lambda: self.desk.reserve_in_campaign(order_id, person, *wish, campaign))
        if answer is not None and answer.refused is None:
            self.orders[order_id] = (person, campaign)

    def in_queue(self, n: int) -> None:
        with self.house.ledger.reader() as reader:
            places = reader.select(campaigns.PLACE, campaigns.PLACE.sql.c.position.is_not(None))
        if places:
            place = self.one_of(places)
            act = self.desk.accept_offer if self.chance.random() < 0.7 else self.desk.leave_queue
            whose = self.whose(place.order_id)
            self.give(lambda: act(place.order_id, place.person_id, place.campaign_id, attempt=n, person=whose))

    def quote(self, n: int) -> None:
        chosen = None
        if self.chance.random() < 0.4:
            chosen = monday_of(self.house.today) + timedelta(weeks=int(self.chance.integers(1, 8)))
        self.of_order(
            (State.RESERVED, State.QUOTED),
            lambda order_id, whose: self.desk.quote(order_id, week_start=chosen, attempt=n, person=whose),
        )

    def of_order(self, states: Sequence[State], give: Callable[[str, PersonId | None], Command[Any]]) -> None:
        """The command for an order for which it makes sense or, now and then, for any."""
        with self.house.ledger.reader() as reader:
            rows = reader.select(orders.ORDER)
        fitting = [row.order_id for row in rows if row.state in states and self.chance.random() < 0.9]
        if fitting or self.orders:
            order_id = self.one_of(fitting or list(self.orders))
            whose = self.whose(order_id)
            self.give(lambda: give(order_id, whose))

    def deposit(self, n: int) -> None:
        wrong = Money.of(1, CNY) if self.chance.random() < 0.1 else None
        self.of_order(
            (State.QUOTED,), lambda order_id, whose: self.desk.deposit(order_id, wrong, attempt=n, person=whose)
        )

    def lock(self, n: int) -> None:
        self.of_order((State.DEPOSITED,), lambda order_id, whose: self.desk.lock(order_id, attempt=n, person=whose))

    def cancel(self, n: int) -> None:
        self.of_order(
            (State.QUOTED, State.DEPOSITED, State.LOCKED),
            lambda order_id, whose: self.desk.cancel(order_id, "why not", person=whose),
        )

    def sweep(self, n: int) -> None:
        self.give(lambda: self.desk.lapse_due(f"s-{n}"))
        self.give(lambda: self.desk.lapse_offers(f"s-{n}"))
        self.give(lambda: self.desk.lock_due(f"s-{n}"))

    def plant(self, n: int) -> None:
        self.house.wait(days=float(self.one_of((0.5, 2, 4))))
        today = self.house.today
        for make in (
            lambda: self.desk.receive(today),
            lambda: self.desk.plan(PLANT, f"r-{n}"),
            lambda: self.desk.build(PLANT, today, run_id=f"b-{n}"),
            lambda: self.desk.pay_suppliers(today),
            lambda: self.desk.arrive(today),
        ):
            self.give(make)

    def shrink(self, n: int) -> None:
        """A week of the plant holds fewer, or more, than it did."""
        with self.house.ledger.reader() as reader:
            slots = reader.select(production.BUILD_SLOT)
        slot = self.one_of(slots[:6])
        vehicles = max(0, slot.capacity_vehicles - slot.free_vehicles + int(self.chance.integers(-2, 4)))
        self.give(lambda: self.desk.change_capacity(PLANT, slot.week_start, vehicles, attempt=n))

    def scrap(self, n: int) -> None:
        """Parts that a count finds missing, perhaps all of them."""
        party = self.desk.house.carmaker.party_id

        def decide(tx: Transaction) -> None:
            part = self.one_of([part.part_id for part in self.house.program.parts])
            stock = tx.get(procurement.PART_STOCK, PlantId(PLANT), part)
            pieces = int(self.chance.integers(0, stock.on_hand + 1)) if stock else 0
            if pieces:
                procurement.adjust_stock(tx, PlantId(PLANT), {part: -pieces}, "found broken")

        self.give(lambda: Command(CommandId(f"scrap-{n}"), party, "test", {}, decide, type(None)))
        self.give(lambda: self.desk.plan(PLANT, f"scrap-{n}"))

    def bill(self, n: int) -> None:
        month, km = int(self.chance.integers(1, 3)), int(self.chance.integers(0, 300))
        self.of_order((State.HANDED_OVER,), lambda order_id, whose: self.desk.bill_month(order_id, month, km))

    def settle(self, n: int) -> None:
        self.give(lambda: self.desk.settle(f"s-{n}"))

    def undo(self, n: int) -> None:
        """A command that does much and then fails."""

        def decide(tx: Transaction) -> None:
            orders.lock_due(tx, timedelta())
            campaigns.lapse_due(tx)
            for order_id in list(self.orders)[-4:]:
                if tx.get(orders.ORDER, order_id) is not None:
                    orders.cancel(tx, order_id, "not in earnest", refundable_in=())
            raise Conflict("not in earnest", "nothing")

        party = self.desk.house.platform.party_id
        self.give(lambda: Command(CommandId(f"undo-{n}"), party, "test", {}, decide, type(None)))

    def stranger(self, n: int) -> None:
        """Somebody who has no right to it, and now and then somebody nobody knows."""
        who = PartyId(self.one_of(("optics", "carrier", "nobody")))
        self.of_order((), lambda order_id, whose: self.desk.cancel(order_id, "mine", party=who))

    def campaign(self, n: int) -> None:
        number = self.one_of(range(3))
        if self.chance.random() < 0.1:
            self.give(lambda: self.desk.close_campaign(f"rush-{number}", "over"))

    def wait(self, n: int) -> None:
        self.house.wait(hours=float(self.one_of((0.2, 0.5, 1, 3, 13))))

    def begin(self) -> None:
        for number in range(3):
            self.give(lambda number=number: self.desk.open_campaign(campaign_of(number, self.opens_at)))
        self.house.wait(hours=2)
        self.house.plan()

    def step(self) -> None:
        self.number += 1
        often = {
            self.reserve: 5, self.take_place: 9, self.in_queue: 5, self.quote: 14, self.deposit: 16, self.lock: 4,
            self.cancel: 3, self.sweep: 4, self.plant: 4, self.shrink: 2, self.scrap: 1, self.bill: 3, self.settle: 1,
            self.undo: 2, self.stranger: 1, self.campaign: 1, self.wait: 7,
        }  # fmt: skip
        self.one_of([act for act, times in often.items() for _ in range(times)])(self.number)


# What must hold


def check_places(reader: Reader) -> None:
    """No quota is oversold, what is left is what nobody has, and nobody waits for what is free."""
    places = reader.select(campaigns.PLACE)
    for row in reader.select(campaigns.CAMPAIGN):
        mine = [place for place in places if place.campaign_id == row.campaign_id]
        standing = campaigns.standing(reader, row.campaign_id)
        for quota in standing.quotas:
            taken = sum(
                place.state in HELD
                and quota.variant_id in (ANY, place.variant_id)
                and quota.city_id in (ANY, place.city_id)
                for place in mine
            )
            assert 0 <= quota.remaining == quota.places - taken
        assert standing.held == sum(place.state in HELD for place in mine)
        assert standing.waiting == sum(place.state == PlaceState.QUEUED for place in mine)
        if row.closed_at is None:
            for place in mine:
                if place.state == PlaceState.QUEUED:
                    assert not campaigns.places_left(reader, row.campaign_id, place.variant_id, place.city_id)
        open_orders = [
            order.person_id
            for order in reader.select(orders.ORDER, orders.ORDER.sql.c.campaign_id == row.campaign_id)
            if order.state is not State.CANCELLED
        ]
        assert len(set(open_orders)) == len(open_orders), "two places for one person"
        assert set(open_orders) == {place.person_id for place in mine if place.state in ("reserved", "paid")}


def check_dates(reader: Reader) -> None:
    """Every date has its slot and every slot its date; a plant wants a vehicle in the week its customer was told."""
    known = {row.order_id: row for row in reader.select(orders.ORDER)}
    promised: Counter[tuple[str, date]] = Counter()
    lanes: Counter[tuple[str, str, date]] = Counter()
    units: Counter[tuple[str, date, str]] = Counter()
    for row in reader.select(promising.PROMISE, promising.PROMISE.sql.c.released.is_(False)):
        order = known[row.order_id]
        assert order.state not in (State.RESERVED, State.CANCELLED)
        assert order.deliver_on == row.deliver_on
        assert (order.variant_id, order.city_id) == (row.variant_id, row.city_id)
        promised[row.plant_id, row.week_start] += 1
        units[row.plant_id, row.week_start, row.variant_id] += 1
        lanes[row.plant_id, str(row.city_id), row.week_start] += 1
        build = reader.get(production.BUILD_ORDER, orders.build_order_id(row.order_id))
        assert (build is None) == (order.state is State.QUOTED)
        if build is not None:
            waiting = order.state in (State.DEPOSITED, State.LOCKED)
            assert (build.state in ("open", "planned")) == waiting
            assert build.due_week == row.week_start
    for row in known.values():
        if row.state not in (State.RESERVED, State.CANCELLED):
            assert promising.find_promise(reader, row.order_id) is not None
        if row.state is State.CANCELLED:
            build = reader.get(production.BUILD_ORDER, orders.build_order_id(row.order_id))
            assert build is None or build.state == "cancelled"
    for slot in reader.select(production.BUILD_SLOT):
        assert 0 <= slot.free_vehicles == slot.capacity_vehicles - promised[slot.plant_id, slot.week_start]
    for row in reader.select(promising.PROMISED):
        assert row.units == units[row.plant_id, row.week_start, row.variant_id]
    assert sum(units.values()) == sum(row.units for row in reader.select(promising.PROMISED))


def check_books(reader: Reader, house: SmallHouse) -> None:
    """The books balance, both sides agree on every debt, and each statement is what the books say."""
    for found in finance.trial_balance(reader):
        assert found.difference == Money(0, CNY)
    rows = {row.account: row for row in reader.select(finance.ACCOUNT_BALANCE)}
    for written, row in rows.items():
        party, name, *about = written.split("/")
        if name == "payable":
            assert rows[f"{about[0]}/receivable/{party}"].minor == row.minor
    seller = house.desk.house.seller.party_id
    gains: Counter[str] = Counter()
    for order in reader.select(orders.ORDER):
        told = statement_of(reader, house.desk.house, order.order_id, house.clock.now())
        assert sum(amount.minor for _, amount in told.parts) == told.paid.minor
        held = rows.get(f"{seller}/customer_deposits/{order.order_id}")
        ended = order.state in (State.CANCELLED, State.HANDED_OVER)
        assert (held.minor if held else 0) == (0 if ended else order.deposit_minor)
        lent = rows.get(f"{seller}/borrowed/{order.order_id}")
        if lent is not None and ended:
            assert lent.minor == 0
        if ended:  # what a loan costs is booked when it goes back
            gains.update({party: amount.minor for party, amount in told.parts})
    for party in house.desk.house.parties:
        booked = sum(
            row.minor * (-1 if name == "interest_paid" else 1)
            for written, row in rows.items()
            for owner, name in [written.split("/")[:2]]
            if owner == party and name in ("sales", "forfeits", "interest_earned", "interest_paid")
        )
        if party not in {supplier.party_id for supplier in house.program.suppliers}:
            assert booked == gains[party], f"{party} earned {booked}, and the statements say {gains[party]}"


def check_stories(house: SmallHouse) -> None:
    """No deposit without a date in force; money that came in goes back, or is kept, once, and as was agreed."""
    no_invoice = {city.city_id for city in house.program.cities if not city.invoice}
    shown: dict[str, tuple[date, datetime]] = {}
    paid: dict[str, Money] = {}
    agreed: dict[str, date] = {}
    free_to_go: set[str] = set()
    ended: Counter[str] = Counter()
    was: dict[str, State] = {}
    for event in house.events():
        body = event.body
        match body:
            case OrderReserved():
                assert body.city_id not in no_invoice
            case OrderQuoted():
                shown[body.order_id] = (body.deliver_on, body.valid_until)
            case QuoteLapsed():
                shown.pop(body.order_id)
            case PromiseMoved():
                if body.order_id in agreed and body.deliver_on > agreed[body.order_id]:
                    free_to_go.add(body.order_id)
                elif body.order_id in shown:
                    shown[body.order_id] = (body.deliver_on, shown[body.order_id][1])
            case PromiseInDoubt():
                free_to_go.add(body.order_id)
                shown.pop(body.order_id, None)
            case OrderDeposited():
                assert body.order_id not in paid
                deliver_on, valid_until = shown.pop(body.order_id)
                assert event.recorded_at <= valid_until
                assert body.deliver_on == deliver_on
                paid[body.order_id], agreed[body.order_id] = body.amount, deliver_on
            case OrderLocked():
                assert body.order_id in paid
            case OrderCancelled():
                was[body.order_id] = body.was
                shown.pop(body.order_id, None)
            case DepositRefunded() | DepositForfeited():
                ended[body.order_id] += 1
                assert body.amount == paid[body.order_id]
                if body.order_id in free_to_go:
                    assert isinstance(body, DepositRefunded), "moved later, and yet not free to go"
            case OrderHandedOver():
                ended[body.order_id] += 1
                assert body.deposit == paid[body.order_id]
    assert set(ended.values()) <= {1}
    for order_id, state in was.items():
        assert (order_id in paid) == (state in (State.DEPOSITED, State.LOCKED))


@pytest.mark.parametrize(("mode", "seed"), [(mode, seed) for seed, mode in enumerate(Mode)])
def test_whatever_is_done_in_whatever_order_money_places_and_dates_hold(tmp_path: Path, mode: Mode, seed: int) -> None:
    walk = walked(tmp_path, mode, seed, STEPS)
    assert walk.met >= {OrderDeposited, OrderLocked, OrderCancelled}, "or the walk shows little"
    assert walk.undone
    assert walk.refused_rights


def walked(where: Path | str, mode: Mode, seed: int, steps: int) -> Walk:
    with small_house(where, program_of(mode)) as house:
        walk = Walk(house, seed)
        walk.begin()
        for _ in range(steps):
            walk.step()
            if walk.number % 20 == 0:
                check(walk)
        check(walk)
        check_stories(house)
        assert len(house.events(RightRefused)) == walk.refused_rights
        walk.met = {type(event.body) for event in house.events()}
    url = where if isinstance(where, str) else f"sqlite:///{where / 'ledger.db'}"
    again = verify(url, ProgramId(house.program.program_id), projections())
    assert again.ok, again.faults
    return walk


def check(walk: Walk) -> None:
    with walk.house.ledger.reader() as reader:
        check_places(reader)
        check_dates(reader)
        check_books(reader, walk.house)
