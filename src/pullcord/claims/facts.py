"""What product, plan and channel actually say, as facts with a key, a value, an owner and a place.

option/FAMILY              the options of a family that some unit on sale has
option/FAMILY.OPTION       yes or no: can be built, and is on sale
part/PART, part/PART@V     pieces in every unit (1, or 0-1 where units differ), in a unit of variant V
price/PLAN, price/PLAN@V   paid once: the lowest of all variants, of variant V; so are monthly/, cap/ and overage/
deposit/asked, deposit/amount, refund/before_lock, refund/after_lock, lock/after_hours, quote/valid_hours
invoice/CITY, invoice/everywhere, invoice/cities     where the seller writes a local invoice, and in how many cities
party/ROLE                 who is the platform, the carmaker, the battery maker
test/RECORD                a figure of test_records.csv
figure/ATTRIBUTE           a figure of the new product's row in rivals.csv
transit/CITY               days on the road from the nearest plant
limit/FAMILY.OPTION        units with the option that all plants together build in a week

Facts of one variant or city are members of the fact that sums them up: when a member changes, so does the sum.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal, InvalidOperation

from pullcord.alliance import Role, owner_of, owning_party
from pullcord.base import FamilyId, InvalidInput, Money, NotFound, OptionId, PartyId
from pullcord.logistics import transit_days
from pullcord.product import BillOfMaterial, dead_options

from .ground import Ground
from .model import Evidence, Fact, Place

YES, NO = "yes", "no"
_UNITS = {"km": "km", "kw": "kW", "mm": "mm", "kwh": "kWh", "lumen": "lumen", "lines": "lines"}
_KINDS = (
    "option", "part", "figure", "price", "monthly", "cap", "overage", "deposit", "refund", "lock", "quote", "invoice",
    "transit", "limit",
)  # fmt: skip
_SUMS = ("invoice/everywhere", "invoice/cities")


class FactBook:
    """All facts of a program by key, with what has changed since its files were written."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self._owners = {kind: _owner(ground, kind) for kind in _KINDS}
        self._members = {fact.key: fact for fact in self._from_files()}
        self._facts = self._summed()

    def find(self, key: str) -> Fact | None:
        """The fact of that key. An option that no file knows, of a family that is known, is a fact too: no."""
        if (fact := self._facts.get(key)) is not None:
            return fact
        family, dot, _ = key.removeprefix("option/").partition(".")
        known = self._facts.get(f"option/{family}") if key.startswith("option/") and dot else None
        if known is None:
            return None
        return Fact(key, NO, "", known.owner, known.evidence, known.place)

    def __iter__(self) -> Iterator[Fact]:
        return iter(self._facts.values())

    def near(self, key: str) -> list[str]:
        """Keys of the same kind, for a hint."""
        head = key.partition("/")[0]
        return [known for known in self._facts if known.startswith(f"{head}/") and "@" not in known][:6]

    def changed(self, changes: Iterable[tuple[str, str, Place]]) -> FactBook:
        """The book with other values: each change names a key, its value, and where the change stands.

        A change of a sum (`price/rental`) is one of all its members. Raises InvalidInput for a key that is none, or
        for a sum that does not say which member changed.
        """
        book = object.__new__(FactBook)
        book.ground, book._owners = self.ground, self._owners
        book._members = dict(self._members)
        for key, value, place in changes:
            for member in self._members_of(key):
                fact = book._members.get(member) or self.find(member)
                assert fact is not None
                told = same_form(fact, value)
                book._members[member] = Fact(member, told, fact.unit, fact.owner, fact.evidence, place)
        book._facts = book._summed()
        return book

    def differing(self, other: FactBook) -> list[str]:
        """The keys whose values are not the same in both books, in order."""
        keys = dict.fromkeys((*self._facts, *other._facts))
        return [key for key in keys if _value(self.find(key)) != _value(other.find(key))]

    def _members_of(self, key: str) -> list[str]:
        if self.find(key) is None:
            near = ", ".join(f"`{known}`" for known in self.near(key)) or "`pullcord claims list` shows those in use"
            raise InvalidInput(f"there is no fact `{key}`", f"known of this kind: {near}")
        if key in _SUMS or (key.startswith("option/") and "." not in key):
            raise InvalidInput(f"`{key}` sums up other facts", "change that of the city or the option")
        return [member for member in self._members if member.startswith(f"{key}@")] or [key]

    def _summed(self) -> dict[str, Fact]:
        facts = dict(self._members)
        groups: dict[str, list[Fact]] = {}
        for fact in self._members.values():
            base, at, _ = fact.key.partition("@")
            if at:
                groups.setdefault(base, []).append(fact)
        for key, group in groups.items():
            first = group[0]
            values = sorted({member.value for member in group}, key=lambda text: (number(text) or Decimal(0), text))
            value = values[0]
            if key.startswith("part/") and len(values) > 1:
                value = f"{values[0]}-{values[-1]}"
            place = next(member.place for member in group if member.value == values[0])
            facts[key] = Fact(key, value, first.unit, first.owner, first.evidence, place)
        cities = [fact for key, fact in self._members.items() if key.startswith("invoice/")]
        if cities:
            without = [fact for fact in cities if fact.value == NO]
            one = without[0] if without else cities[0]
            every, count = (NO if without else YES), str(len(cities) - len(without))
            place = Place("cities.csv")
            facts["invoice/everywhere"] = Fact("invoice/everywhere", every, "", one.owner, one.evidence, place)
            facts["invoice/cities"] = Fact("invoice/cities", count, "city", one.owner, one.evidence, place)
        for family in self.ground.product.families:
            key = f"option/{family.family_id}"
            built = [
                fact.key.partition(".")[2]
                for name, fact in self._members.items()
                if name.startswith(f"{key}.") and fact.value == YES
            ]
            place = Place("families.csv", (("family_id", family.family_id),))
            facts[key] = Fact(key, ", ".join(built), "", self._owners["option"], Evidence.OPTION, place)
        return facts

    def _from_files(self) -> Iterator[Fact]:
        yield from self._options()
        yield from self._parts()
        yield from self._prices()
        yield from self._contract()
        yield from self._channel()
        yield from self._figures()
        yield from self._plan()

    def _options(self) -> Iterator[Fact]:
        product = self.ground.product
        dead = {(option.family_id, option.option_id) for option in dead_options(product)}
        on_sale = {choice for variant in self.ground.variants for choice in variant.choices}
        for option in product.options:
            name = (option.family_id, option.option_id)
            yield Fact(
                f"option/{option.family_id}.{option.option_id}",
                YES if name in on_sale and name not in dead else NO,
                "",
                self._owners["option"],
                Evidence.OPTION,
                Place("options.csv", (("family_id", option.family_id), ("option_id", option.option_id))),
            )

    def _parts(self) -> Iterator[Fact]:
        ground = self.ground
        options: dict[FamilyId, list[OptionId]] = {family.family_id: [] for family in ground.product.families}
        for option in ground.product.options:
            options[option.family_id].append(option.option_id)
        bill = BillOfMaterial(ground.bom, options)
        used = {variant.variant_id: bill.explode(dict(variant.choices)) for variant in ground.variants}
        for part in dict.fromkeys(part for pieces in used.values() for part in pieces):
            for variant, pieces in used.items():
                yield Fact(
                    f"part/{part}@{variant}",
                    str(pieces.get(part, 0)),
                    "piece",
                    self._owners["part"],
                    Evidence.BILL_OF_MATERIAL,
                    Place("bom.csv", (("part_id", part),)),
                )

    def _prices(self) -> Iterator[Fact]:
        for price in self.ground.prices:
            place = Place("price_card.csv", (("variant_id", price.variant_id), ("plan", price.plan)))
            lines: list[tuple[str, Money | int | None, str]] = [
                ("price", price.price, price.price.currency),
                ("monthly", price.monthly, price.price.currency),
                ("cap", price.cap_km_per_month, "km/month"),
                ("overage", price.overage, f"{price.price.currency}/km"),
            ]
            for head, value, unit in lines:
                if value is not None:
                    key = f"{head}/{price.plan}@{price.variant_id}"
                    yield Fact(key, plain(value), unit, self._owners[head], Evidence.PRICE_CARD, place)

    def _contract(self) -> Iterator[Fact]:
        policies, currency = self.ground.policies, self.ground.currency

        def fact(key: str, value: str, unit: str, row: str) -> Fact:
            place = Place("program.toml", (("key", row),))
            return Fact(key, value, unit, self._owners[key.partition("/")[0]], Evidence.CONTRACT, place)

        deposit = f"deposit_{currency.lower()}"
        yield fact("deposit/asked", YES if policies.deposit.minor else NO, "", deposit)
        yield fact("deposit/amount", plain(policies.deposit), currency, deposit)
        before = YES if policies.deposit_refundable_until_lock else NO
        yield fact("refund/before_lock", before, "", "deposit_refundable_until_lock")
        # The contract knows no refund of a firm order that its customer ends: orders.cancel keeps the deposit.
        yield fact("refund/after_lock", NO, "", "deposit_refundable_until_lock")
        yield fact("lock/after_hours", str(policies.lock_hours), "hour", "lock_hours")
        yield fact("quote/valid_hours", str(policies.quote_valid_hours), "hour", "quote_valid_hours")

    def _channel(self) -> Iterator[Fact]:
        for city in self.ground.cities:
            place = Place("cities.csv", (("city_id", city.city_id),))
            value = YES if city.invoice else NO
            yield Fact(f"invoice/{city.city_id}", value, "", self._owners["invoice"], Evidence.CHANNEL_RULE, place)
        for role in (Role.PLATFORM, Role.CARMAKER, Role.BATTERY_MAKER):
            for party in self.ground.parties:
                if party.role is role:
                    place = Place("parties.csv", (("party_id", party.party_id),))
                    yield Fact(f"party/{role}", party.party_id, "", party.party_id, Evidence.CHANNEL_RULE, place)
                    break

    def _figures(self) -> Iterator[Fact]:
        for record in self.ground.tested_figures:
            place = Place("test_records.csv", (("record_id", record.record_id),))
            key = f"test/{record.record_id}"
            yield Fact(key, record.value, record.unit, record.party_id, Evidence.TEST_RECORD, place)
        product = self.ground.new_product_id
        for rival in self.ground.rivals:
            if rival.product_id != product:
                continue
            place = Place("rivals.csv", (("product_id", product),))
            for name, value in rival.attributes:
                unit = _UNITS.get(name.rpartition("_")[2], "")
                told = plain(Decimal(repr(value)))
                yield Fact(f"figure/{name}", told, unit, self._owners["figure"], Evidence.TEST_RECORD, place)

    def _plan(self) -> Iterator[Fact]:
        ground = self.ground
        cities = {city.city_id: city for city in ground.cities}
        plants = [cities[plant.city_id] for plant in ground.plants]
        for city in ground.cities:
            days = min(transit_days(ground.transit_rule, plant, city) for plant in plants)
            place = Place("cities.csv", (("city_id", city.city_id),))
            yield Fact(f"transit/{city.city_id}", str(days), "day", self._owners["transit"], Evidence.PLAN, place)
        weekly: dict[tuple[str, str], int] = {}
        for limit in ground.option_limits:
            name = (limit.family_id, limit.option_id)
            weekly[name] = weekly.get(name, 0) + limit.vehicles_per_week
        for (family, option), units in weekly.items():
            place = Place("option_limits.csv", (("family_id", family), ("option_id", option)))
            yield Fact(f"limit/{family}.{option}", str(units), "unit/week", self._owners["limit"], Evidence.PLAN, place)


def _owner(ground: Ground, kind: str) -> PartyId:
    """The party that owns facts of a kind; the first of those that share the role."""
    try:
        return owning_party(ground.parties, kind, ground.mode).party_id
    except NotFound:
        role = owner_of(kind, ground.mode)
        return next(party.party_id for party in ground.parties if party.role is role)


def _value(fact: Fact | None) -> str | None:
    return None if fact is None else fact.value


def plain(value: Money | Decimal | int) -> str:
    """A figure with no more digits than it needs: 49900, 0.2."""
    exact = value.major if isinstance(value, Money) else Decimal(value)
    text = f"{exact:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def number(text: str) -> Decimal | None:
    """The figure that a text is, or None."""
    try:
        found = Decimal(text)
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def same(one: str, other: str) -> bool:
    """Whether two values are the same: as figures where both are figures, else letter by letter."""
    a, b = number(one), number(other)
    return a == b if a is not None and b is not None else one.strip().casefold() == other.strip().casefold()


def same_form(fact: Fact, value: str) -> str:
    """A new value for a fact, in the form that the old one has. Raises InvalidInput where it cannot be one."""
    if fact.value in (YES, NO):
        if value not in (YES, NO):
            raise InvalidInput(f"`{fact.key}` is yes or no, not `{value}`", "give yes or no")
    elif number(fact.value) is not None:
        found = number(value)
        if found is None:
            raise InvalidInput(f"`{fact.key}` is a figure in {fact.unit}, not `{value}`", "give digits and a point")
        return plain(found)
    return value
