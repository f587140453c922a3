"""The rules at hand: the most specific row decides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pullcord.base import InvalidInput, Money, PartyId
from pullcord.logistics import City

from .model import ANY, Barred, ChannelRule, CityTerms, PriceRule


class ChannelBook:
    """Answers what may be sold where. Without any rule, everything may be sold everywhere, as the card has it.

    A rule for a plan in a city goes before one for the city, that before one for the plan, and that before the rule for
    all. A row holds as a whole: what it leaves empty is not filled from a wider one.
    """

    def __init__(
        self,
        rules: Sequence[ChannelRule],
        cities: Mapping[str, City],
        prices: Mapping[tuple[str, str], Money],
        seller: PartyId,
    ) -> None:
        """`prices`: what is paid once, by variant and plan. `seller`: who sells where no rule names another."""
        self.rules: Mapping[tuple[str, str], ChannelRule] = {(rule.city_id, rule.plan): rule for rule in rules}
        if len(self.rules) < len(rules):
            raise InvalidInput("two channel rules stand for the same city and plan", "keep one of the two")
        self._cities = cities
        self._prices = prices
        self._seller = seller
        self._answers: dict[tuple[str, str, str], Barred | None] = {}

    def rule(self, plan: str, city_id: str) -> ChannelRule | None:
        """The row that decides; None where none speaks of it."""
        for key in ((city_id, plan), (city_id, ANY), (ANY, plan), (ANY, ANY)):
            if key in self.rules:
                return self.rules[key]
        return None

    def terms(self, plan: str, city_id: str) -> CityTerms:
        """Who sells and invoices a plan in a city, and what a buyer there should know."""
        city, rule = self._cities[city_id], self.rule(plan, city_id)
        if rule is None:
            return CityTerms(
                self._seller,
                not self.rules,
                city.invoice,
                self._seller,
                PriceRule.LIST,
                None,
                None,
                None,
                "cities.csv",
                "the program has no rule for it",
                "A",
            )
        seller = rule.seller or self._seller
        return CityTerms(
            seller,
            rule.may_sell,
            city.invoice,
            rule.invoice_by or seller,
            rule.price_rule,
            rule.floor,
            rule.plate,
            rule.subsidy,
            rule.name,
            rule.source,
            rule.mark,
        )

    def why_not(self, variant_id: str, plan: str, city_id: str) -> Barred | None:
        """Why a variant cannot be ordered under a plan in a city; None when it can.

        Nothing is barred in a program that has no channel rules.
        """
        if not self.rules:
            return None
        key = (variant_id, plan, city_id)
        if key not in self._answers:
            self._answers[key] = self._why_not(variant_id, plan, city_id)
        return self._answers[key]

    def _why_not(self, variant_id: str, plan: str, city_id: str) -> Barred | None:
        city, rule = self._cities[city_id], self.rule(plan, city_id)
        if rule is None or not rule.may_sell:
            return Barred(
                f"nobody may sell the plan `{plan}` in {city.name}: nothing can be ordered there",
                "channel_rules.csv" if rule is None else rule.name,
                f"{city.local_name}暂不销售该方案,无法下单。",
            )
        if not city.invoice:
            return Barred(
                f"no local invoice can be issued in {city.name}, and without it no plate and no subsidy:"
                " nothing can be ordered there, and nothing is paid",
                f"cities.csv, {city_id}, invoice",
                f"{city.local_name}暂无法开具本地发票,会影响上牌和补贴,因此不能下单,也不收任何款项。",
            )
        return self.why_not_at(self._prices[variant_id, plan], plan, city_id)

    def why_not_at(self, price: Money, plan: str, city_id: str) -> Barred | None:
        """Why a plan cannot be sold in a city at this price; None when it can."""
        city, rule = self._cities[city_id], self.rule(plan, city_id)
        if rule is None or rule.floor is None or not price < rule.floor:
            return None
        return Barred(
            f"the plan `{plan}` may not be sold below {rule.floor} in {city.name}, and {price} is below it",
            rule.name,
            f"该方案在{city.local_name}的售价不得低于{rule.floor},当前价格为{price}。",
        )
