"""The demand report as text and in Chromium: complete, self-contained, deterministic, and its numbers agree."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import msgspec
import pytest
from demand_report_sample import before_launch, car, with_releases
from playwright.sync_api import Browser, sync_playwright
from test_report_browser import ARGUMENTS, WORDS_OF_FIGURES
from test_report_page import Page, figures

from pullcord.cli.demand_report import encode
from pullcord.insight import DemandReport, demand_report
from pullcord.outlook import Outlook
from pullcord.report import render_demand, write_demand_tables

REPORTS = {"before": before_launch, "after": with_releases}
CHARTS = {"standing", "cities", "take-rates", "willingness", "rivals", "share-by-price", "substitution", "tornado"}


@pytest.fixture(scope="module", params=REPORTS)
def made(request: pytest.FixtureRequest) -> DemandReport:
    return REPORTS[request.param]()


@pytest.fixture(scope="module")
def html(made: DemandReport) -> str:
    return render_demand(made)


def test_the_page_is_well_formed_and_fetches_nothing(html: str) -> None:
    page = Page(html)
    assert not page.faults
    assert not page.open
    assert [name for name, count in page.ids.items() if count > 1] == []
    for svg in re.findall(r"<svg.*?</svg>", html, flags=re.DOTALL):
        ElementTree.fromstring(svg)
    assert page.tags["script"] == page.tags["iframe"] == page.tags["img"] == page.tags["image"] == 0
    for tag, name, value in page.references:
        assert value.startswith("#" if tag == "a" else ("#", "data:")), (tag, name, value)
    pointers = set(re.findall(r"url\(#([^)]+)\)", html)) | {v[1:] for _, _, v in page.references if v.startswith("#")}
    assert pointers <= set(page.ids)
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', html)
    assert policy is not None
    assert policy.group(1).startswith("default-src 'none'")
    assert "script-src" not in policy.group(1)
    assert "@import" not in html
    assert all(target.startswith("#") for target in re.findall(r"url\(([^)]*)\)", html))


def test_every_chart_has_a_title_a_unit_a_source_and_both_forms(html: str) -> None:
    found = figures(html)
    names = {re.search(r'id="chart-([a-z0-9-]+)"', figure)[1] for figure in found}
    assert names >= CHARTS
    for figure in found:
        assert re.search(r"<h3>[^<]{4,}</h3>", figure)
        assert re.search(r"<b>Unit</b> [^<]{3,}", figure)
        assert re.search(r"<b>Source</b> [^<]{3,}", figure)
        assert figure.count('class="wide"') == figure.count('class="narrow"') == 1
        assert figure.count('role="img" aria-label="') == 2
    for svg in re.findall(r'<svg class="narrow".*?</svg>', html, flags=re.DOTALL):
        assert 'viewBox="0 0 350 ' in svg
        assert min(float(size) for size in re.findall(r"font-size: ([\d.]+)px", svg)) >= 11


def test_the_same_report_gives_the_same_bytes(made: DemandReport, html: str, tmp_path: Path) -> None:
    assert render_demand(made) == html
    assert encode(made) == encode(made)
    for folder in ("a", "b"):
        write_demand_tables(made, tmp_path / folder)
    files = sorted((tmp_path / "a").iterdir())
    assert len(files) >= 10
    for path in files:
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def shown_table(html: str, title: str) -> list[list[str]]:
    """The rows of the page's table of this title."""
    block = html[html.index(f'aria-label="{title}"') :]
    body = block[block.index("<tbody>") : block.index("</tbody>")]
    return [re.findall(r"<td[^>]*>(.*?)</td>", row) for row in re.findall(r"<tr>(.*?)</tr>", body)]


def as_number(text: str) -> float:
    return float(text.replace(",", "").replace("\u2212", "-"))


def test_page_json_and_csv_say_the_same(made: DemandReport, html: str, tmp_path: Path) -> None:
    write_demand_tables(made, tmp_path)
    record = json.loads(encode(made))
    whole = (record["market"]["now"] or record["market"]["units"])["mean"]
    rows = read(tmp_path / "cities.csv")
    cities = [float(row["units_per_month_mean"]) for row in rows if row["segment"] == "(all)"]
    parts = [float(row["units_per_month_mean"]) for row in rows if row["segment"] != "(all)"]
    assert sum(cities) == pytest.approx(whole, rel=1e-5)
    assert sum(parts) == pytest.approx(whole, rel=1e-5)
    assert [city["units"]["mean"] for city in record["cities"]] == cities
    shown = shown_table(html, "All cities")
    assert len(shown) == len(cities) + 1
    assert as_number(shown[-1][1]) == round(whole)
    for row, value in zip(shown, cities, strict=False):
        assert as_number(row[1]) == pytest.approx(value, abs=0.51)
    for row, rate in zip(read(tmp_path / "take_rates.csv"), record["take_rates"], strict=True):
        assert float(row["rate_mean"]) == rate["rate"]["mean"]
    curve = read(tmp_path / "share_by_price.csv")
    for row, point in zip(curve, record["price_points"], strict=True):
        assert float(row["price_cny"]) * 100 == point["price"]["minor"]
        assert float(row["all_hi_95"]) == point["everything"]["high"]
    assert msgspec.to_builtins(made, str_keys=True)["facts"] == record["facts"]


def test_small_counts_are_told_as_fewer_than_everywhere(tmp_path: Path) -> None:
    made = with_releases()
    html = render_demand(made)
    release = made.releases[0]
    least = release.least_shown
    assert least == 25
    write_demand_tables(made, tmp_path)
    rows = read(tmp_path / "release_first.csv")
    assert len(rows) == len(release.cells)
    hidden = [row for row in rows if row["persons"] == f"fewer than {least}"]
    assert len(hidden) == sum(cell.count is None for cell in release.cells) > 50
    assert all(row["lo_95"] == row["hi_95"] == "" for row in hidden)
    assert all(int(row["persons"]) >= least for row in rows if row not in hidden)
    shown = shown_table(html, "first: 2025Q4 by city, plan")
    for row in shown:
        assert "fewer than 25" in row[2] or as_number(row[2]) >= least
    assert any("fewer than 25 each" in row[2] for row in shown)
    totals = {row["city"]: row["persons"] for row in rows if row["plan"] == "(all)"}
    assert as_number(shown[0][2]) == int(totals["(all)"])
    record = json.loads(encode(made))
    assert all(cell["count"] is None or cell["count"] >= least for cell in record["releases"][0]["cells"])
    assert "noisy" not in json.dumps(record), "what lies under the threshold leaves by no other door"


def test_a_report_without_a_ledger_says_so_and_one_with_says_what_was_told() -> None:
    before, after = render_demand(before_launch()), render_demand(with_releases())
    assert "No ledger was given, so no orders were seen: everything here is forecast." in before
    assert "No ledger was given" not in after
    assert "learned this from 2 private releases" in after
    told = demand_report(Outlook(car()), told=None)
    nothing = render_demand(replace(told, ledger_given=True))
    assert "nothing in it has been released to GAC Aion" in nothing


def test_names_from_a_program_stay_text() -> None:
    bad = '<script>alert("1")</script> & $x^2$'
    made = before_launch()
    city = replace(made.cities[0], name=bad)
    facts = replace(made.facts, name=bad, product=bad, partner=bad)
    rivals = tuple(replace(row, name=bad) if row.ours else row for row in made.rivals)
    html = render_demand(replace(made, facts=facts, cities=(city, *made.cities[1:]), rivals=rivals))
    assert "<script" not in html
    assert "&lt;script&gt;" in html
    assert not Page(html).faults


def test_what_a_program_does_not_have_leaves_a_sentence_and_no_empty_chart() -> None:
    made = replace(before_launch(), take_rates=(), willingness=(), rivals=(), map_attribute=None, unknowns=())
    html = render_demand(made)
    assert html.count('class="absent"') >= 3
    names = set(re.findall(r'id="chart-([a-z0-9-]+)"', html))
    assert names == {"standing", "cities", "share-by-price", "substitution"}


@pytest.fixture(scope="module")
def browser(require: Callable[[Any, str], None], chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield running
        running.close()


@pytest.mark.browser
@pytest.mark.parametrize("width", [1280, 1000, 390, 360])
def test_the_page_fits_and_every_word_stands_in_its_chart(
    browser: Browser, html: str, tmp_path: Path, width: int
) -> None:
    file = tmp_path / "demand.html"
    file.write_text(html, encoding="utf-8")
    page = browser.new_page(viewport={"width": width, "height": 900})
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(file.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    found = page.evaluate(WORDS_OF_FIGURES)
    assert len(found) == len({figure["figure"] for figure in found}) >= 8
    for figure in found:
        assert figure["width"] > 250, figure
        assert figure["words"] > 4, figure
        assert figure["outside"] == [], figure
        assert figure["smallest"] >= (10.0 if width == 360 else 10.9), figure
    assert said == []
    assert [url for url in asked if url != file.as_uri() and not url.startswith("data:")] == []
    page.close()
