"""Who may see what of the ledger: for every kind of event, what each role may read of it. The default is nothing.

The table names fields, never "all": a field that is added to an event later is seen by nobody until it is named here.
Kinds and fields are written as text, for most of these events belong to rooms above; a test holds them together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from pullcord.base import PartyId
from pullcord.store import Event

from .model import Role
from .modes import Mode, seller_role


def _none(name: str) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Standing:
    """What the house knows of a party beyond its role; without it, nothing that hangs on it is seen."""

    supplies_as: frozenset[str] = frozenset()  # ids under which it supplies parts
    funds: frozenset[str] = frozenset()  # ids of the suppliers whose invoices it pays early, and of their parties
    owns_order: Callable[[str], bool] = _none  # of a customer: whether the order is theirs
    owns_vehicle: Callable[[str], bool] = _none


NO_STANDING = Standing()
When = Callable[[PartyId, Standing, Any], bool]
Shape = Callable[[PartyId, Standing, Any], dict[str, Any] | None]


@dataclass(frozen=True, slots=True)
class Seen:
    """What one role may read of one kind of event: these fields, where the condition holds."""

    fields: tuple[str, ...]
    when: When | None = None
    shape: Shape | None = None  # makes the body, where fields alone cannot say it; None for nothing


SELLER = "seller"  # the role that sells under the mode, besides what it sees anyway
LENDER = "lender"  # the funder, under the mode in which it lends
Eyes = Role | str


def _own_order(party: PartyId, standing: Standing, body: Any) -> bool:
    return standing.owns_order(body.order_id)


def _own_vehicle(party: PartyId, standing: Standing, body: Any) -> bool:
    return standing.owns_vehicle(body.vehicle_id)


def _own_calloff(party: PartyId, standing: Standing, body: Any) -> bool:
    return body.supplier_id in standing.supplies_as


def _funded(party: PartyId, standing: Standing, body: Any) -> bool:
    return body.supplier_id in standing.funds


def _told_to_it(party: PartyId, standing: Standing, body: Any) -> bool:
    return bool(body.partner == party)


def _asked_itself(party: PartyId, standing: Standing, body: Any) -> bool:
    return bool(body.asked_by == party)


def _in_audience(party: PartyId, standing: Standing, body: Any) -> bool:
    claim = body.claim
    return "public" in claim.audience or party in claim.audience or party == claim.owner


def _lines(party: PartyId, standing: Standing, body: Any) -> dict[str, Any] | None:
    """A transfer as one party's books show it."""
    own = f"{party}/"
    return _transfer(body, lambda account: account.startswith(own))


def _lender_lines(party: PartyId, standing: Standing, body: Any) -> dict[str, Any] | None:
    """A funder's own lines, and what is owed to the suppliers that it pays early."""
    own = f"{party}/"

    def seen(account: str) -> bool:
        owner, name = account.split("/")[:2]
        return account.startswith(own) or (name == "receivable" and owner in standing.funds)

    return _transfer(body, seen)


def _deposit_lines(party: PartyId, standing: Standing, body: Any) -> dict[str, Any] | None:
    """What is held for a customer's own order."""

    def seen(account: str) -> bool:
        parts = account.split("/")
        return len(parts) == 3 and parts[1] == "customer_deposits" and standing.owns_order(parts[2])

    return _transfer(body, seen)


def _transfer(body: Any, seen: Callable[[str], bool]) -> dict[str, Any] | None:
    lines = [line for line in body.lines if seen(line.account)]
    if not lines:
        return None
    return {"transfer_id": body.transfer_id, "memo": body.memo, "currency": body.currency, "lines": lines}


def _sees(fields: str, when: When | None = None) -> Seen:
    return Seen(tuple(fields.split()), when)


_BOOK = ("transfer_id", "memo", "currency", "lines")
_EVERYBODY = (*Role,)
_STATING = (Role.PLATFORM, Role.CARMAKER, Role.BATTERY_MAKER, Role.LOGISTICS, SELLER)
_WISH = "order_id variant_id plan city_id"
_BUILD = "build_order_id variant_id plant_id due_week"
_FORECAST = "run_id as_of signal_seq variants cities weeks units"
_HANDED = "order_id vehicle_id plan city_id promised_on delivered_on"
_LOCKED = "order_id variant_id plan city_id plant_id week_start deliver_on"
_PROMISE = "order_id variant_id plant_id week_start build_date deliver_on city_id"
_MOVED = "order_id variant_id plant_id from_week week_start build_date from_deliver_on deliver_on why"
_TOLD = "order_id about english chinese because_of"
_RECEIVED = "calloff_id supplier_id plant_id amount received_on lines"
_CALLOFF = "calloff_id supplier_id plant_id run_id lines"
_RELEASE = (
    "release_id partner period counted dimensions values as_of mechanism scale epsilon_micro budget_micro "
    "least_shown noisy"
)
_LEG = "vehicle_id from_place to_place mode km due_on"
_BILL = "order_id plan month km fee km_over_cap per_km"
_WAITS = "campaign_id position order_id person_id"


def _each(roles: tuple[Eyes, ...], seen: Seen) -> dict[Eyes, Seen]:
    return dict.fromkeys(roles, seen)


_TABLE: Mapping[str, Mapping[Eyes, Seen]] = {
    "program.opened": _each(_EVERYBODY, _sees("program_id name currency starts_on"))
    | {Role.PLATFORM: _sees("program_id name digest currency seed starts_on")},
    # An answer goes to the party that asked, and to nobody else.
    "command.answered": {},
    "right.refused": _each(_EVERYBODY, _sees("asked_by role command command_id", _asked_itself))
    | {Role.PLATFORM: _sees("asked_by role command command_id")},
    # ---- orders: who the customer is, the seller alone may know
    "order.reserved": {
        SELLER: _sees(f"{_WISH} person_id campaign_id"),
        Role.CUSTOMER: _sees(f"{_WISH} person_id campaign_id", _own_order),
        **_each((Role.PLATFORM, Role.CARMAKER, Role.BATTERY_MAKER), _sees(_WISH)),
    },
    "order.quoted": {
        SELLER: _sees(f"{_LOCKED} price terms valid_until"),
        Role.CUSTOMER: _sees(f"{_LOCKED} price terms valid_until", _own_order),
        **_each((Role.PLATFORM, Role.CARMAKER), _sees(_LOCKED)),
    },
    "order.refused": {
        Role.CUSTOMER: _sees("order_id why", _own_order),
        **_each((SELLER, Role.PLATFORM, Role.CARMAKER), _sees("order_id why")),
    },
    "quote.lapsed": {
        Role.CUSTOMER: _sees("order_id", _own_order),
        **_each((SELLER, Role.PLATFORM, Role.CARMAKER), _sees("order_id")),
    },
    "order.deposited": {
        SELLER: _sees("order_id amount deliver_on variant_id plant_id week_start"),
        Role.CUSTOMER: _sees("order_id amount deliver_on variant_id plant_id week_start", _own_order),
        **_each((Role.PLATFORM, Role.CARMAKER), _sees("order_id deliver_on variant_id plant_id week_start")),
    },
    "order.locked": {
        Role.CUSTOMER: _sees(_LOCKED, _own_order),
        **_each((SELLER, Role.PLATFORM, Role.CARMAKER), _sees(_LOCKED)),
        Role.BATTERY_MAKER: _sees(f"{_WISH} deliver_on"),
        Role.LOGISTICS: _sees("order_id city_id plant_id week_start deliver_on"),
        LENDER: _sees("order_id plan deliver_on"),
    },
    "order.cancelled": {
        # Why, the customer may have told in words of their own.
        SELLER: _sees("order_id reason was"),
        Role.CUSTOMER: _sees("order_id reason was", _own_order),
        **_each((Role.PLATFORM, Role.CARMAKER, Role.BATTERY_MAKER, LENDER), _sees("order_id was")),
        Role.LOGISTICS: _sees("order_id"),
    },
    "order.refunded": {SELLER: _sees("order_id amount"), Role.CUSTOMER: _sees("order_id amount", _own_order)},
    "order.forfeited": {SELLER: _sees("order_id amount"), Role.CUSTOMER: _sees("order_id amount", _own_order)},
    "order.handed_over": {
        SELLER: _sees(f"{_HANDED} price deposit"),
        Role.CUSTOMER: _sees(f"{_HANDED} price deposit", _own_order),
        **_each((Role.PLATFORM, Role.CARMAKER, Role.BATTERY_MAKER), _sees(_HANDED)),
        Role.LOGISTICS: _sees("vehicle_id city_id promised_on delivered_on"),
        Role.SERVICE_SHOP: _sees("vehicle_id city_id delivered_on"),
        LENDER: _sees("order_id delivered_on"),
    },
    # ---- promises and campaigns
    "order.promised": {
        Role.CUSTOMER: _sees("order_id deliver_on", _own_order),
        **_each((SELLER, Role.PLATFORM, Role.CARMAKER), _sees(_PROMISE)),
    },
    "promise.released": {
        SELLER: _sees("order_id reason"),
        Role.CUSTOMER: _sees("order_id reason", _own_order),
        **_each((Role.PLATFORM, Role.CARMAKER), _sees("order_id")),
    },
    "promise.moved": {
        Role.CUSTOMER: _sees("order_id from_deliver_on deliver_on", _own_order),
        Role.LOGISTICS: _sees("order_id plant_id build_date from_deliver_on deliver_on"),
        **_each((SELLER, Role.PLATFORM, Role.CARMAKER), _sees(_MOVED)),
    },
    "promise.in_doubt": {
        Role.CUSTOMER: _sees("order_id deliver_on", _own_order),
        **_each((SELLER, Role.PLATFORM, Role.CARMAKER), _sees("order_id deliver_on why")),
    },
    "customer.told": {SELLER: _sees(_TOLD), Role.CUSTOMER: _sees(_TOLD, _own_order)},
    "parts.spare": _each((SELLER, Role.PLATFORM), _sees("plant_id run_id weeks"))
    | {Role.CARMAKER: _sees("plant_id run_id weeks parts")},
    "campaign.opened": _each((*_EVERYBODY, SELLER), _sees("terms")),
    "campaign.closed": _each(_EVERYBODY, _sees("campaign_id")) | {SELLER: _sees("campaign_id reason")},
    "campaign.queued": {
        SELLER: _sees(f"{_WAITS} variant_id plan city_id"),
        Role.CUSTOMER: _sees(f"{_WAITS} variant_id plan city_id", _own_order),
        **_each((Role.PLATFORM, Role.CARMAKER), _sees("campaign_id variant_id plan city_id")),
    },
    "campaign.offered": {SELLER: _sees(f"{_WAITS} until"), Role.CUSTOMER: _sees(f"{_WAITS} until", _own_order)},
    "campaign.offer_lapsed": {SELLER: _sees(_WAITS), Role.CUSTOMER: _sees(_WAITS, _own_order)},
    "campaign.queue_left": {SELLER: _sees(_WAITS), Role.CUSTOMER: _sees(_WAITS, _own_order)},
    # ---- claims: the audience is part of the claim
    "claim.published": _each(_EVERYBODY, _sees("claim", _in_audience)) | _each(_STATING, _sees("claim rests")),
    "claim.unpublished": _each(_EVERYBODY, _sees("claim_id"))
    | _each(_STATING, _sees("claim_id why fact_key rested_on")),
    "fact.changed": _each(_STATING, _sees("key was value unit why")),
    "claim.notice_drafted": {SELLER: _sees("notice")},
    # ---- the plant: what it costs and what it lacks stays its own
    "slots.opened": _each((SELLER, Role.PLATFORM), _sees("plant_id slots"))
    | {Role.CARMAKER: _sees("plant_id slots option_limits")},
    "slot.taken": _each((SELLER, Role.CARMAKER), _sees("plant_id week_start holder options"))
    | {Role.PLATFORM: _sees("plant_id week_start options")},
    "slot.released": _each((SELLER, Role.CARMAKER), _sees("plant_id week_start holder"))
    | {Role.PLATFORM: _sees("plant_id week_start")},
    "build.opened": _each((SELLER, Role.PLATFORM, Role.CARMAKER), _sees(_BUILD)),
    "build.moved": _each((SELLER, Role.PLATFORM, Role.CARMAKER), _sees("build_order_id due_week")),
    "build.cancelled": _each((SELLER, Role.PLATFORM, Role.CARMAKER), _sees("build_order_id")),
    "build.planned": _each((SELLER, Role.PLATFORM, Role.CARMAKER), _sees("build_order_id week_start")),
    "build.unplanned": _each((SELLER, Role.PLATFORM, Role.CARMAKER), _sees("build_order_id")),
    "schedule.published": {
        Role.CARMAKER: _sees("run_id plant_id as_of status objective gap cells shadow_prices conflicts"),
        **_each((SELLER, Role.PLATFORM), _sees("run_id plant_id as_of status cells conflicts")),
        Role.LOGISTICS: _sees("run_id plant_id as_of cells"),
    },
    "vehicle.built": {
        **_each(
            (SELLER, Role.PLATFORM, Role.CARMAKER), _sees("vehicle_id build_order_id variant_id plant_id built_on")
        ),
        **_each((Role.BATTERY_MAKER, Role.LOGISTICS), _sees("vehicle_id variant_id plant_id built_on")),
        Role.CUSTOMER: _sees("vehicle_id variant_id built_on", _own_vehicle),
    },
    # ---- parts: a supplier sees what it was told, a funder what it may pay
    "requirements.computed": {Role.CARMAKER: _sees("run_id plant_id lines")},
    "calloff.issued": {
        Role.CARMAKER: _sees(_CALLOFF),
        **_each((Role.SUPPLIER, Role.BATTERY_MAKER), _sees(_CALLOFF, _own_calloff)),
    },
    "parts.received": {
        Role.CARMAKER: _sees(_RECEIVED),
        **_each((Role.SUPPLIER, Role.BATTERY_MAKER), _sees(_RECEIVED, _own_calloff)),
        Role.FUNDER: _sees("calloff_id supplier_id amount received_on", _funded),
    },
    "parts.consumed": {Role.CARMAKER: _sees("plant_id lines for_ref")},
    "stock.adjusted": {Role.CARMAKER: _sees("plant_id lines reason")},
    # ---- the road
    "leg.departed": {
        Role.LOGISTICS: _sees(_LEG),
        **_each((SELLER, Role.PLATFORM, Role.CARMAKER), _sees("vehicle_id from_place to_place mode due_on")),
        Role.CUSTOMER: _sees("vehicle_id from_place to_place due_on", _own_vehicle),
    },
    "leg.arrived": {
        **_each(
            (SELLER, Role.PLATFORM, Role.CARMAKER, Role.LOGISTICS, Role.SERVICE_SHOP),
            _sees("vehicle_id to_place arrived_on"),
        ),
        Role.CUSTOMER: _sees("vehicle_id to_place arrived_on", _own_vehicle),
    },
    # ---- money: each party reads its own books
    "finance.transferred": _each(_EVERYBODY, Seen(_BOOK, shape=_lines))
    | {Role.FUNDER: Seen(_BOOK, shape=_lender_lines), Role.CUSTOMER: Seen(_BOOK, shape=_deposit_lines)},
    "month.billed": {
        Role.CUSTOMER: _sees(_BILL, _own_order),
        **_each((SELLER, Role.BATTERY_MAKER), _sees(_BILL)),
    },
    # Sums of visits, with nobody in them.
    "signal.counted": _each((SELLER, Role.PLATFORM, Role.CARMAKER), _sees("source since until counts")),
    # ---- demand: others learn of the customers through private counts, and through the forecast
    "forecast.published": _each(
        (SELLER, Role.PLATFORM, Role.CARMAKER, Role.BATTERY_MAKER, Role.LOGISTICS), _sees(_FORECAST)
    ),
    "forecast.revised": _each((Role.CARMAKER, Role.BATTERY_MAKER, Role.LOGISTICS), _sees("run_id as_of level scale"))
    | _each((SELLER, Role.PLATFORM), _sees("run_id as_of signal_seq level scale reserved asked accepted declined")),
    "privacy.released": _each(tuple(r for r in Role if r is not Role.CUSTOMER), _sees(_RELEASE, _told_to_it))
    | {SELLER: _sees(_RELEASE)},
}

Look = Callable[[PartyId, Standing, Any], dict[str, Any] | None]


def _look(seen: Seen) -> Look:
    fields, when, shape = seen.fields, seen.when, seen.shape

    def plain(party: PartyId, standing: Standing, body: Any) -> dict[str, Any] | None:
        return {name: getattr(body, name) for name in fields}

    def conditional(party: PartyId, standing: Standing, body: Any) -> dict[str, Any] | None:
        return {name: getattr(body, name) for name in fields} if when and when(party, standing, body) else None

    return shape or (plain if when is None else conditional)


def _decided(mode: Mode) -> Mapping[str, Mapping[Role, Seen | None]]:
    table: dict[str, Mapping[Role, Seen | None]] = {}
    for kind, eyes in _TABLE.items():
        found: dict[Role, Seen | None] = {role: eyes.get(role) for role in Role}
        if (sold := eyes.get(SELLER)) is not None:
            found[seller_role(mode)] = _both(found[seller_role(mode)], sold)
        if mode is Mode.FUNDING and (lent := eyes.get(LENDER)) is not None:
            found[Role.FUNDER] = _both(found[Role.FUNDER], lent)
        table[kind] = MappingProxyType(found)
    return MappingProxyType(table)


def _both(one: Seen | None, other: Seen) -> Seen:
    """What is seen by a party with two capacities. One that is bound to a condition gives way to one that is not."""
    if one is None or one.when is not None or one.shape is not None:
        return other
    return Seen((*one.fields, *(name for name in other.fields if name not in one.fields)))


_DECIDED = {mode: _decided(mode) for mode in Mode}
_LOOKS: Mapping[tuple[Mode, Role], Mapping[str, Look]] = {
    (mode, role): {kind: _look(seen) for kind, roles in _DECIDED[mode].items() if (seen := roles[role]) is not None}
    for mode in Mode
    for role in Role
}


def sight_of(mode: Mode = Mode.DIRECT) -> Mapping[str, Mapping[Role, Seen | None]]:
    """For every kind of event, what each role may read of it; None is nothing."""
    return _DECIDED[mode]


def visible(
    party: PartyId,
    role: Role,
    event: Event[Any],
    standing: Standing = NO_STANDING,
    mode: Mode = Mode.DIRECT,
) -> dict[str, Any] | None:
    """The event as this party may read it, ready to be written as JSON; None where it may not.

    A kind that the table does not know is seen by nobody. Costs some microseconds: the table is made ready once.
    """
    look = _LOOKS[mode, role].get(event.kind)
    if look is None:
        return None
    body = look(party, standing, event.body)
    if body is None:
        return None
    return {
        "seq": event.seq,
        "recorded_at": event.recorded_at,
        "kind": event.kind,
        "stream": event.stream,
        "party": event.party,
        "cause": event.cause,
        "body": body,
    }
