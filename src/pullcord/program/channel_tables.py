"""What the tables of the sales channel hold: who may sell where, and campaigns with places and price ladders."""

from __future__ import annotations

from pullcord.base import LONGEST_NAMED_ID

from .column import MARK, SOURCE, Column, Kind, TableSpec, id_column, money_column, ref_column, text_column

_CAMPAIGN = ref_column("campaign_id", "campaigns.campaign_id", "which campaign")

CAMPAIGNS = TableSpec(
    "campaigns",
    (
        id_column("campaign_id", "a time of selling on terms of its own", longest=LONGEST_NAMED_ID),
        text_column("name", "its name on screen, in Latin letters"),
        text_column("local_name", "its name in the language of its buyers"),
        Column("opens_at", Kind.TIME, "from when places can be reserved"),
        Column("closes_at", Kind.TIME, "from when nobody new is let in"),
        money_column("deposit_{currency}", "paid against the date shown, in place of the policy's", "platform"),
        Column(
            "refundable_until",
            Kind.CHOICE,
            "until when the deposit goes back to who cancels: never, before the lock, before the vehicle is built",
            choices=("never", "lock", "build"),
        ),
        Column(
            "refund_within_hours",
            Kind.WHOLE,
            "and no later than so long after the deposit; empty is no such limit",
            "hour",
            required=False,
            above=0,
        ),
        Column(
            "pay_within_hours",
            Kind.WHOLE,
            "how long a place waits for its deposit before it is given back; empty is as long as the campaign knows it",
            "hour",
            required=False,
            above=0,
        ),
        Column("queue_max", Kind.WHOLE, "how many may wait at a time when the places are gone", "person", least=0),
        Column("hold_hours", Kind.WHOLE, "how long a place that came back is held for the next", "hour", above=0),
        SOURCE,
        MARK,
    ),
    key=("campaign_id",),
    required=False,
)
CAMPAIGN_QUOTAS = TableSpec(
    "campaign_quotas",
    (
        _CAMPAIGN,
        ref_column("variant_id", "variants.variant_id", "what there are places of; * is all variants", or_any=True),
        ref_column("city_id", "cities.city_id", "where; * is all cities", or_any=True),
        Column("places", Kind.WHOLE, "how many places; who reserves counts against every row that fits", least=0),
        SOURCE,
        MARK,
    ),
    key=("campaign_id", "variant_id", "city_id"),
    required=False,
)
CAMPAIGN_PRICES = TableSpec(
    "campaign_prices",
    (
        _CAMPAIGN,
        Column("from_place", Kind.WHOLE, "the first place it applies to, counted as places are given out", above=0),
        money_column("price_off_{currency}", "taken off the price that is paid once", "platform"),
        SOURCE,
        MARK,
    ),
    key=("campaign_id", "from_place"),
    required=False,
)

CHANNEL_RULES = TableSpec(
    "channel_rules",
    (
        ref_column("city_id", "cities.city_id", "where; * is all cities. The row that says most decides", or_any=True),
        ref_column("plan", "price_card.plan", "which plan; * is all plans", or_any=True),
        ref_column("seller_party_id", "parties.party_id", "who sells; empty is who sells elsewhere", required=False),
        Column("may_sell", Kind.YES_NO, "whether it may be sold there at all"),
        Column(
            "price_rule",
            Kind.CHOICE,
            "list: at the price card's, less what a campaign takes off; floor: never below the floor",
            choices=("list", "floor"),
        ),
        money_column("floor_{currency}", "the lowest price, with the rule `floor`", "maker", required=False),
        ref_column("invoice_party_id", "parties.party_id", "who invoices; empty is the seller", required=False),
        text_column("plate", "how a plate is had there; empty where no source says", required=False),
        text_column("subsidy", "what somebody else pays towards it; empty is nothing known", required=False),
        text_column("subsidy_payer", "who pays it", required=False),
        money_column("subsidy_most_{currency}", "the most it comes to; empty is not known", "payer", required=False),
        Column("subsidy_since", Kind.DATE, "its first day", required=False, source="payer"),
        Column("subsidy_until", Kind.DATE, "its last day", required=False, source="payer"),
        Column("subsidy_needs_invoice", Kind.YES_NO, "whether it needs a local invoice", required=False),
        SOURCE,
        MARK,
    ),
    key=("city_id", "plan"),
    required=False,
)

CHANNEL_TABLES = (CHANNEL_RULES, CAMPAIGNS, CAMPAIGN_QUOTAS, CAMPAIGN_PRICES)
