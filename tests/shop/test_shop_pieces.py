"""What the pages are made of, with plain values: languages, figures, drawings, the configurator."""

from __future__ import annotations

from datetime import date
from xml.etree import ElementTree

import pytest
from open_shop import peoples_car

from pullcord.base import Money
from pullcord.shop.configurator import configure
from pullcord.shop.picture import PAINTS, picture
from pullcord.shop.refusals import refusal
from pullcord.shop.visit import safe_address
from pullcord.shop.words import Words, holes, preferred


@pytest.mark.parametrize(
    ("cookie", "accept", "spoken"),
    [
        (None, None, "zh"),
        (None, "en", "en"),
        (None, "en-GB,en;q=0.9", "en"),
        (None, "fr,en;q=0.3,zh-TW;q=0.8", "zh"),
        (None, "fr", "zh"),
        (None, "en;q=nonsense", "zh"),
        ("en", "zh-CN", "en"),
        ("fr", "en", "en"),
    ],
)
def test_the_language_is_what_was_chosen_else_what_the_browser_asks_for(
    cookie: str | None, accept: str | None, spoken: str
) -> None:
    assert preferred(cookie, accept) == spoken


@pytest.mark.parametrize(
    ("amount", "written"),
    [
        (Money(4_990_000, "CNY"), "¥49,900"),
        (Money(20, "CNY"), "¥0.20"),
        (Money(-450_000, "CNY"), "-¥4,500"),
        (Money(123_456, "EUR"), "1,234.56 EUR"),
        (Money(500, "JPY"), "500 JPY"),
    ],
)
def test_money_is_written_as_a_shop_writes_it(amount: Money, written: str) -> None:
    assert Words("en", peoples_car()).money(amount) == written


def test_dates_and_names_are_written_in_the_language() -> None:
    english, chinese = Words("en", peoples_car()), Words("zh", peoples_car())
    assert english.day(date(2025, 12, 7)) == "Sun 7 Dec 2025"
    assert chinese.day(date(2025, 12, 7)) == "2025年12月7日（周日）"
    assert chinese.name("option", "colour.blue", "Blue") == "蓝色"
    assert english.name("option", "colour.blue", "Blue") == "Blue"
    assert english.plan("rental") == "Battery rented"
    assert chinese.plan("unheard-of") == "unheard-of"


def test_every_name_of_the_program_is_said_in_chinese() -> None:
    program, chinese = peoples_car(), Words("zh", peoples_car())
    said = {
        **{
            f"{o.family_id}.{o.option_id}": chinese.name("option", f"{o.family_id}.{o.option_id}", "")
            for o in program.product.options
        },
        **{f.family_id: chinese.name("family", f.family_id, "") for f in program.product.families},
        **{v.variant_id: chinese.name("variant", v.variant_id, "") for v in program.variants},
        **{r.rule_id: chinese.name("rule", r.rule_id, "") for r in program.product.rules},
        **{p.plant_id: chinese.name("plant", p.plant_id, "") for p in program.plants},
        **{plan: chinese.name("plan", plan, "") for plan in program.plans},
    }
    assert [name for name, text in said.items() if not text] == []


def test_holes_are_found() -> None:
    assert holes("{price} once, then {monthly}") == {"price", "monthly"}


@pytest.mark.parametrize("wrap", ["none", "custom"])
@pytest.mark.parametrize("colour", list(PAINTS))
def test_a_drawing_is_whole_and_has_no_style_of_its_own(colour: str, wrap: str) -> None:
    drawn = picture("battery-electric car", {"colour": colour, "wrap": wrap}, 'a "label" & <more>', "p")
    ElementTree.fromstring(drawn)
    assert "style" not in drawn
    assert PAINTS[colour][0] in drawn


def test_a_category_that_merely_contains_the_word_is_no_car() -> None:
    wheels = "rotate("
    assert wheels in picture("battery-electric car", {}, "x", "p")
    assert wheels not in picture("pocket scarf", {}, "x", "p")


def test_every_full_choice_is_buildable_whatever_was_asked() -> None:
    program = peoples_car()
    known = program.product.options_by_family
    for colour in known["colour"]:
        for wrap in known["wrap"]:
            for kit in known["accessories"]:
                found = configure(
                    program.product, program.variants, {"colour": colour, "wrap": wrap, "accessories": kit}
                )
                possible = not (wrap == "custom" and colour != "white")
                assert bool(found.conflict) is not possible
                assert all(not o.rules for family in found.families for o in family.options if o.chosen)
                assert sum(o.chosen for family in found.families for o in family.options) == len(known)


@pytest.mark.parametrize("to", ["/price?km=1", "/"])
def test_a_path_of_ours_is_kept(to: str) -> None:
    assert safe_address(to) == to


@pytest.mark.parametrize("to", [None, "", "//x", "/\\x", "https://x", "/a\nb", "/a b", "x"])
def test_any_other_address_is_the_first_page(to: str | None) -> None:
    assert safe_address(to) == "/"


@pytest.mark.parametrize(
    ("why", "chinese"),
    [
        (
            "the week of 2025-12-01 cannot take it (colour green is used up); the nearest that can is …",
            "这一周已没有空位",
        ),
        ("no place is left up to the week of 2026-05-04", "产线上已没有空位"),
        ("no free build slot begins on or after 2026-05-04: part x is used up", "产线上已没有空位"),
        ("none of the plants with build slots (a) can ship to this city", "目前无法送达"),
        ("order o-1 has been shown no delivery date yet: ask for a quote first", "还没有给出交付日期"),
        ("the quote lapsed", "保留的日期已过期"),
        ("order o-1 is built: it can be returned, but no longer cancelled", "已超过可取消的阶段"),
        ("something nobody foresaw", "目前无法办理"),
    ],
)
def test_a_refusal_of_the_ledger_is_told_by_its_meaning(why: str, chinese: str) -> None:
    assert chinese in refusal(Words("zh", peoples_car()), why)
    assert refusal(Words("en", peoples_car()), why).lower() == why.lower()
