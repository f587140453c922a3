"""The rows of the sales channel's tables become the records of its rooms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pullcord.base import CampaignId, InvalidInput, Money
from pullcord.campaigns import CampaignTerms, PriceStep, Quota, Refundable
from pullcord.channel import ChannelRule, PriceRule, Subsidy

from .channel_tables import CAMPAIGN_PRICES, CAMPAIGN_QUOTAS, CAMPAIGNS, CHANNEL_RULES
from .column import TableSpec
from .columns import PRICE_CARD
from .faults import Faults
from .records import each
from .tables import CheckedTable, Row

Tables = Mapping[str, CheckedTable]


@dataclass(frozen=True, slots=True)
class _Campaigns:
    """The rows of the three tables, as far as they are sound."""

    quotas: Mapping[str, list[Row]]
    prices: Mapping[str, list[Row]]
    ahead: timedelta  # of UTC, where the program is sold

    def terms(self, row: Row) -> CampaignTerms:
        name = row["campaign_id"]
        return CampaignTerms(
            CampaignId(name),
            row["name"],
            row["local_name"],
            self._utc(row["opens_at"]),
            self._utc(row["closes_at"]),
            row["deposit_{currency}"],
            Refundable(row["refundable_until"]),
            row["queue_max"],
            row["hold_hours"],
            tuple(Quota(q["variant_id"], q["city_id"], q["places"]) for q in self.quotas.get(name, ())),
            tuple(
                PriceStep(p["from_place"], p["price_off_{currency}"])
                for p in sorted(self.prices.get(name, ()), key=lambda p: p["from_place"])
            ),
            row["refund_within_hours"],
            row["pay_within_hours"],
        )

    def _utc(self, local: datetime) -> datetime:
        return local.replace(tzinfo=UTC) - self.ahead


def channel_rules(tables: Tables, faults: Faults) -> tuple[ChannelRule, ...]:
    """Who may sell what where, row by row."""
    return each(tables, CHANNEL_RULES.name, _rule, faults)


def _rule(row: Row) -> ChannelRule:
    return ChannelRule(
        row["city_id"],
        row["plan"],
        row["seller_party_id"],
        row["may_sell"],
        PriceRule(row["price_rule"]),
        row["floor_{currency}"],
        row["invoice_party_id"],
        row["plate"],
        _subsidy(row),
        row["source"],
        row["mark"],
    )


def _subsidy(row: Row) -> Subsidy | None:
    told = ("payer", "most_{currency}", "since", "until", "needs_invoice")
    if row["subsidy"] is None:
        if any(row[f"subsidy_{name}"] is not None for name in told):
            raise InvalidInput("something is said of a subsidy that has no name", "fill `subsidy`, or empty the rest")
        return None
    return Subsidy(
        row["subsidy"],
        row["subsidy_payer"] or "",
        row["subsidy_most_{currency}"],
        row["subsidy_since"],
        row["subsidy_until"],
        bool(row["subsidy_needs_invoice"]),
    )


def campaigns(tables: Tables, utc_offset_hours: float, faults: Faults) -> tuple[CampaignTerms, ...]:
    """The campaigns that a program has ready, in the order of their table."""
    told = _Campaigns(
        _by_campaign(tables, CAMPAIGN_QUOTAS), _by_campaign(tables, CAMPAIGN_PRICES), timedelta(hours=utc_offset_hours)
    )
    return each(tables, CAMPAIGNS.name, told.terms, faults)


def _by_campaign(tables: Tables, spec: TableSpec) -> Mapping[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    table = tables.get(spec.name)
    for row in table.sound_rows if table else ():
        found.setdefault(row["campaign_id"], []).append(row)
    return found


def check_campaigns(tables: Tables, faults: Faults, week_saves: Money | None = None) -> None:
    """Places and prices belong to a campaign; its deposit is less than the least that is paid at once under it.

    `week_saves`: the most that choosing a build week takes off besides.
    """
    for spec in (CAMPAIGN_QUOTAS, CAMPAIGN_PRICES):
        if spec.name in tables and CAMPAIGNS.name not in tables:
            faults.add(spec.file, 0, f"there is no {CAMPAIGNS.file} that it could belong to", "add it")
    table = tables.get(CAMPAIGNS.name)
    prices = [row["price_{currency}"] for row in tables[PRICE_CARD.name].sound_rows]
    if table is None or not prices:
        return
    lowest = min(prices, key=lambda price: price.minor)
    if week_saves is not None:
        lowest -= week_saves
    steps = _by_campaign(tables, CAMPAIGN_PRICES)
    for row in table.sound_rows:
        deposit = row["deposit_{currency}"]
        for step in steps.get(row["campaign_id"], ()):
            least = lowest - step["price_off_{currency}"]
            if not deposit < least:
                faults.add(
                    CAMPAIGN_PRICES.file, step.line,
                    f"{least} are left to pay, and the deposit of `{row['campaign_id']}` is {deposit}",
                    "take less off, or ask for a smaller deposit",
                )  # fmt: skip
        if not deposit < lowest:
            faults.add(
                table.file,
                row.line,
                f"a deposit of {deposit} cannot be held against a price of {lowest}",
                "ask for less than the lowest price",
            )
