"""Facts in words, in English and Chinese: what the evidence of a claim says, and what has changed."""

from __future__ import annotations

from collections.abc import Mapping

from .facts import NO, YES, number
from .ground import Ground
from .model import Evidence, Fact

Both = tuple[str, str]
"""English, Chinese."""

EVIDENCE: Mapping[Evidence, Both] = {
    Evidence.BILL_OF_MATERIAL: ("bill of material", "物料清单"),
    Evidence.OPTION: ("product model", "产品配置"),
    Evidence.PRICE_CARD: ("price card", "价格表"),
    Evidence.CONTRACT: ("contract", "合同条款"),
    Evidence.CHANNEL_RULE: ("channel rules", "渠道规则"),
    Evidence.TEST_RECORD: ("test record", "测试记录"),
    Evidence.PLAN: ("production and transport plan", "生产与运输计划"),
}
_UNITS: Mapping[str, Both] = {
    "CNY": ("CNY", "元"),
    "km/month": ("km a month", "公里/月"),
    "CNY/km": ("CNY per km", "元/公里"),
    "hour": ("hours", "小时"),
    "day": ("days", "天"),
    "km": ("km", "公里"),
    "s": ("s", "秒"),
    "min": ("minutes", "分钟"),
    "mm": ("mm", "毫米"),
    "kW": ("kW", "千瓦"),
    "lumen": ("lumen", "流明"),
    "lines": ("lines", "线"),
    "piece": ("in each unit", "件（每台）"),
    "city": ("cities", "座城市"),
    "unit/week": ("units a week", "台/周"),
}
_WHAT: Mapping[str, Both] = {
    "price": ("the price under the plan “{name}”, paid once", "“{name}”方案的价格（一次付清）"),
    "monthly": ("the monthly fee under the plan “{name}”", "“{name}”方案的月费"),
    "cap": ("the mileage that the monthly fee of “{name}” covers", "“{name}”方案月费所含里程"),
    "overage": ("the price of each km above the cap of “{name}”", "“{name}”方案超出里程的单价"),
    "deposit/asked": ("whether a deposit is asked", "是否收取定金"),
    "deposit/amount": ("the deposit", "定金金额"),
    "refund/before_lock": ("whether the deposit is returned before the order locks", "锁单前定金是否退还"),
    "refund/after_lock": ("whether the deposit is returned once the order has locked", "锁单后定金是否退还"),
    "lock/after_hours": ("the time from deposit to lock", "支付定金到锁单的时间"),
    "quote/valid_hours": ("how long a quoted date holds", "报价日期的有效时间"),
    "invoice/everywhere": ("whether a local invoice is written in every city", "是否所有城市均可开具当地发票"),
    "invoice/cities": ("where a local invoice is written", "可开具当地发票的城市数"),
    "invoice": ("whether a local invoice is written in {name}", "{name}能否开具当地发票"),
    "transit": ("transport from the plant to {name}", "从工厂到{name}的运输时间"),
    "option": ("whether {name} is built", "是否生产“{name}”"),
    "limit": ("how many with {name} can be built", "“{name}”的每周产能"),
    "part": ("the part {name}", "零件“{name}”"),
    "party": ("who is the {name}", "{name}是谁"),
    "test": ("the tested figure {name}", "测试数据“{name}”"),
    "figure": ("the figure {name}", "参数“{name}”"),
}
# Facts that are yes or no, told as a sentence: for yes, for no.
_TOLD: Mapping[str, tuple[Both, Both]] = {
    "option": (("{name} is built and on sale", "“{name}”可生产并在售"), ("nobody builds {name}", "“{name}”不生产")),
    "deposit/asked": (("a deposit is asked", "下单需支付定金"), ("no deposit is asked", "下单无需定金")),
    "refund/before_lock": (
        ("the whole deposit is returned until the order locks", "锁单前定金全额退还"),
        ("the deposit is not returned, locked or not", "无论是否锁单，定金均不退还"),
    ),
    "refund/after_lock": (
        ("the deposit is returned even after the order has locked", "锁单后定金仍可退还"),
        ("the deposit is not returned once the order has locked", "锁单后定金不予退还"),
    ),
    "invoice/everywhere": (
        ("a local invoice is written in every city", "所有城市均可开具当地发票"),
        ("a local invoice is not written in every city", "并非所有城市均可开具当地发票"),
    ),
    "invoice": (
        ("a local invoice is written in {name}", "{name}可开具当地发票"),
        ("no local invoice is written in {name}", "{name}不能开具当地发票"),
    ),
}
_YES_NO: Mapping[str, Both] = {YES: ("yes", "是"), NO: ("no", "否")}


def what(ground: Ground, fact: Fact) -> Both:
    """What a fact is about."""
    head, _, name = fact.key.partition("/")
    plan, at, variant = name.partition("@")
    en, zh = _WHAT.get(fact.key) or _WHAT.get(head) or ("{name}", "{name}")
    name_en, name_zh = _name(ground, head, plan)
    if at:
        known = next((v.name for v in ground.variants if v.variant_id == variant), variant)
        name_en, name_zh = f"{name_en}, {known}", f"{name_zh}，{known}"
    return en.format(name=name_en), zh.format(name=name_zh)


def _name(ground: Ground, head: str, name: str) -> Both:
    if head in ("invoice", "transit"):
        return next(((c.name, c.local_name) for c in ground.cities if c.city_id == name), (name, name))
    if head in ("option", "limit"):
        family, dot, option = name.partition(".")
        options = ground.product.options
        found = next(
            (o.name for o in options if (o.family_id, o.option_id) == (family, option)), option if dot else family
        )
        return found, found
    if head == "part":
        return next(((part.name, part.name) for part in ground.parts if part.part_id == name), (name, name))
    if head == "test":
        records = ground.tested_figures
        return next(((r.procedure_en, r.procedure_zh) for r in records if r.record_id == name), (name, name))
    if head == "party":
        return name.replace("_", " "), {"platform": "平台", "carmaker": "整车厂", "battery_maker": "电池方"}.get(
            name, name
        )
    return name, name


def value(ground: Ground, told: str, unit: str) -> Both:
    """A value with its unit, thousands set off."""
    if told in _YES_NO:
        return _YES_NO[told]
    found = number(told)
    if found is None:
        name = next((party.name for party in ground.parties if party.party_id == told), told)
        return name, name
    unit_en, unit_zh = _UNITS.get(unit, (unit, unit))
    if found == 1 and unit_en in ("hours", "days", "minutes", "cities"):
        unit_en = {"hours": "hour", "days": "day", "minutes": "minute", "cities": "city"}[unit_en]
    return f"{found:,} {unit_en}".strip(), f"{found:,} {unit_zh}".strip()


def evidence(ground: Ground, fact: Fact) -> Both:
    """What a fact says, as the evidence of a claim, in one sentence."""
    kind_en, kind_zh = EVIDENCE[fact.evidence]
    head, _, name = fact.key.partition("/")
    told = _TOLD.get(fact.key) or _TOLD.get(head)
    if told and fact.value in _YES_NO:
        name_en, name_zh = _name(ground, head, name)
        en, zh = told[0 if fact.value == YES else 1]
        return (
            f"{kind_en[0].upper()}{kind_en[1:]}: {en.format(name=name_en)}.",
            f"{kind_zh}：{zh.format(name=name_zh)}。",
        )
    what_en, what_zh = what(ground, fact)
    value_en, value_zh = value(ground, fact.value, fact.unit)
    if fact.key == "invoice/cities":
        value_en = f"{value_en} of {len(ground.cities)}"
        value_zh = f"{len(ground.cities)} 座城市中的 {value_zh}"
    return f"{kind_en[0].upper()}{kind_en[1:]}: {what_en}: {value_en}.", f"{kind_zh}：{what_zh}：{value_zh}。"
