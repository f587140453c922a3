"""The claims page: complete, self-contained, and readable on a phone and on paper."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from claim_bench import FOLDER, as_launched, program
from playwright.sync_api import sync_playwright
from typer.testing import CliRunner

from pullcord.claims import RULES, for_display
from pullcord.cli.claims import app
from pullcord.report import render_claims

ARGUMENTS = ["--no-sandbox", "--headless=new", "--disable-gpu", "--no-first-run", "--disable-background-networking"]


def launch_page() -> str:
    rows = for_display(program(), FOLDER, claims=as_launched(), everything=True)
    return render_claims(program(), rows, program().starts_on, live=False)


def test_every_claim_stands_there_with_owner_evidence_and_state() -> None:
    rows = for_display(program(), FOLDER)
    page = render_claims(program(), rows, program().starts_on, live=False)
    for row in rows:
        assert f'id="claim-{row.claim_id}"' in page
        assert row.text_zh in page
        assert row.where in page
    for words in ("GAC Aion", "True and complete", "until further notice", "价格表", "同字号并列展示"):
        assert words in page
    assert "Refused" not in page


def test_what_is_refused_says_by_which_rule() -> None:
    page = launch_page()
    assert "False or incomplete as written" in page
    assert '<a href="#rule-not-buildable">not-buildable</a>' in page
    assert all(f'id="rule-{rule}"' in page for rule in RULES)


def test_the_same_rows_give_the_same_bytes() -> None:
    assert launch_page() == launch_page()


@pytest.mark.browser
@pytest.mark.parametrize("width", [360, 390, 1280])
def test_it_fits_and_asks_nobody_for_anything(chromium: str, tmp_path: Path, width: int) -> None:
    file = tmp_path / "claims.html"
    file.write_text(launch_page(), encoding="utf-8")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        page = browser.new_page(viewport={"width": width, "height": 900})
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(file.as_uri())
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert page.locator("article.claim").count() == len(as_launched())
        assert page.locator("article.refused").count() == 8
        smallest = page.evaluate(
            "Math.min(...[...document.querySelectorAll('main *')].filter(e => e.textContent.trim())"
            ".map(e => parseFloat(getComputedStyle(e).fontSize)))"
        )
        assert smallest >= 12
        assert asked == [file.as_uri()]
        page.emulate_media(media="print")
        assert page.locator("article.claim").first.is_visible()
        browser.close()


def test_the_commands_publish_withdraw_change_and_list(tmp_path: Path) -> None:
    ledger = str(tmp_path / "live.db")

    def typed(*words: str) -> tuple[int, str]:
        told = CliRunner().invoke(app, [*words, "--ledger", ledger])
        return told.exit_code, told.stdout

    def at(day: int) -> tuple[str, str]:
        return ("--at", f"2025-11-{day:02}T12:00+08:00")

    status, out = typed("publish", str(FOLDER), "range", "--attempt", "2", "--json", *at(9))
    assert (status, json.loads(out)) == (0, {"published": ["range"], "refused": []})
    status, out = typed("change", str(FOLDER), "cap/rental", "250", "--why", "per year", "--json", *at(10))
    answer = json.loads(out)
    assert (status, answer["was"], answer["orders"], len(answer["notices"])) == (0, "3000", 0, 4)
    status, out = typed("publish", str(FOLDER), "mileage-cap", "--attempt", "2", "--json", *at(11))
    assert status == 2
    assert {told["rule"] for told in json.loads(out)["refused"]} == {"value-contradicts-fact", "terms-missing"}
    status, out = typed("withdraw", str(FOLDER), "range", "--why", "measured anew", "--json", *at(12))
    assert (status, json.loads(out)) == (0, {"unpublished": ["range"]})
    status, out = typed("list", str(FOLDER), "--json", *at(12))
    states = {row["claim_id"]: row["state"] for row in json.loads(out)}
    assert (states["range"], states["mileage-cap"], states["swap-time"]) == ("unpublished", "unpublished", "published")
    file = tmp_path / "page.html"
    status, _ = typed("page", str(FOLDER), "--out", str(file), *at(12))
    page = file.read_text(encoding="utf-8")
    assert status == 0
    assert "Taken back" in page
    assert "measured anew" in page
