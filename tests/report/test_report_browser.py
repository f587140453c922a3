"""The page in Chromium, on a laptop and on a phone: it fits, it is complete, it asks nobody for anything."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright
from sample import sample_results

from pullcord.report import render

pytestmark = pytest.mark.browser
ARGUMENTS = [
    "--no-sandbox",
    "--headless=new",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
]
WIDTHS = (1280, 1000, 768, 390, 360)
# Boxes of all words that can be seen in a figure, and of the drawing they belong to.
WORDS_OF_FIGURES = """() => [...document.querySelectorAll('figure svg')]
    .filter(svg => svg.getClientRects().length)
    .map(svg => {
        const box = svg.getBoundingClientRect();
        return {
            figure: svg.closest('figure').id, width: box.width, height: box.height,
            outside: [...svg.querySelectorAll('text')].filter(t => {
                const r = t.getBoundingClientRect();
                return r.left < box.left - 3 || r.right > box.right + 3
                    || r.top < box.top - 3 || r.bottom > box.bottom + 3;
            }).map(t => t.textContent),
            words: svg.querySelectorAll('text').length,
            smallest: Math.min(...[...svg.querySelectorAll('text')].map(
                t => parseFloat(getComputedStyle(t).fontSize) * box.width / svg.viewBox.baseVal.width)),
        };
    })"""


@pytest.fixture(scope="module")
def browser(require: Callable[[Any, str], None]) -> Iterator[Browser]:
    names = ("chromium", "chromium-browser", "google-chrome")
    found = next(filter(None, map(shutil.which, names)), None)
    require(found, "no Chromium: install it, on Debian with `apt-get install chromium`")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=found, args=ARGUMENTS)
        yield running
        running.close()


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    file = tmp_path_factory.mktemp("report") / "report.html"
    file.write_text(render(sample_results()), encoding="utf-8")
    return file.as_uri()


@pytest.mark.parametrize("width", WIDTHS)
def test_the_page_fits_and_is_complete(browser: Browser, address: str, width: int) -> None:
    page = browser.new_page(viewport={"width": width, "height": 900})
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(address)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    figures = page.evaluate(WORDS_OF_FIGURES)
    assert len(figures) == len({figure["figure"] for figure in figures}) >= 16
    for figure in figures:
        assert figure["width"] > 250, figure
        assert figure["height"] > 80, figure
        assert figure["words"] > 4, figure
        assert figure["outside"] == [], figure
        assert figure["smallest"] >= (10.0 if width == 360 else 10.9), figure
    assert said == []
    assert [url for url in asked if url != address and not url.startswith("data:")] == []
    page.close()


def test_the_dial_switches_the_headline_and_the_charts(browser: Browser, address: str) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 900})
    page.goto(address)
    seen = set()
    for delay in (0, 1, 7, 30, 91):
        page.click(f'label[for="dial-{delay}"]')
        panels = page.locator(".panel:visible")
        assert panels.count() == 1
        seen.add(panels.inner_text())
        lit = "[...document.querySelectorAll('#chart-twin svg.narrow [class^=dial-]')]"
        lit += ".filter(g => getComputedStyle(g).visibility === 'visible').map(g => g.getAttribute('class'))"
        assert page.evaluate(lit) == [f"dial-{delay}"] * 3
    assert len(seen) == 5
    page.close()


def test_the_dial_works_from_the_keyboard(browser: Browser, address: str) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(address)
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    assert page.locator("#dial-7").is_checked()
    assert "1 week" in page.locator(".panel:visible h2").inner_text()
    page.close()


def test_it_prints_without_losing_a_chart(browser: Browser, address: str) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(address)
    page.emulate_media(media="print")
    figures = page.evaluate(WORDS_OF_FIGURES)
    assert len(figures) >= 16
    assert all(figure["width"] > 250 for figure in figures)
    assert not page.locator(".dial").is_visible()
    page.close()


def test_a_run_with_nothing_but_a_program_still_reads(browser: Browser, tmp_path: Path) -> None:
    file = tmp_path / "bare.html"
    file.write_text(render({"program": sample_results()["program"]}), encoding="utf-8")
    page = browser.new_page(viewport={"width": 390, "height": 900})
    page.goto(file.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.locator(".absent").count() >= 8
    page.close()
