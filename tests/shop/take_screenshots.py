"""The shop's pictures in docs/images, taken anew: `.venv/bin/python tests/shop/take_screenshots.py [FOLDER]`.

It opens the People's Car on a ledger of its own, orders a car in Chromium, and lets the plant build it.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from open_shop import OpenShop, open_shop
from playwright.sync_api import Browser, Page, sync_playwright

FOLDER = Path(__file__).parents[2] / "docs" / "images"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
SIZES = {"phone": (390, 844, "zh-CN"), "laptop": (1280, 800, "en-GB")}
PASSWORD = "a sentence about gravel roads"


def main(folder: Path) -> None:
    """Take every picture."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        raise SystemExit("install chromium")
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as place, open_shop(Path(place)) as shop, sync_playwright() as playwright:
        shop.give(shop.app.desk.open_campaign("double-11"))
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        pages = {name: sign_up(browser, shop, name) for name in SIZES}
        for name, page in pages.items():
            for path, picture in (
                ("/", "first-page"),
                ("/configure?colour=blue", "configurator"),
                ("/price?km=4000", "price-card"),
            ):
                page.goto(f"{shop.root}{path}")
                page.screenshot(path=folder / f"shop-{picture}-{name}.png", full_page=name == "laptop")
        orders = {name: order(page, shop) for name, page in pages.items()}
        for order_id in orders.values():
            shop.build_and_ship(order_id, until="shipped")
        for name, page in pages.items():
            page.goto(f"{shop.root}/orders/{orders[name]}")
            if "/sign-in" in page.url:
                page.locator("#email").fill(f"{name}@example.org")
                page.locator("#password").fill(PASSWORD)
                page.locator("main form button").click()
            page.locator(".timeline").wait_for()
            page.screenshot(path=folder / f"shop-order-{name}.png", full_page=True)
        browser.close()


def sign_up(browser: Browser, shop: OpenShop, name: str) -> Page:
    """A browser of this size whose visitor has an account."""
    width, height, locale = SIZES[name]
    context = browser.new_context(viewport={"width": width, "height": height}, locale=locale)
    page = context.new_page()
    page.goto(f"{shop.root}/sign-up")
    page.locator("#name").fill("Visitor")
    page.locator("#email").fill(f"{name}@example.org")
    page.locator("#password").fill(PASSWORD)
    page.locator("main form button").click()
    page.wait_for_url(f"{shop.root}/")
    return page


def order(page: Page, shop: OpenShop) -> str:
    """An order with its deposit paid."""
    page.goto(f"{shop.root}/date?variant=blue&plan=rental&city=chengdu")
    page.locator('form[action="/orders"] button').click()
    page.locator(".chip").wait_for()
    page.locator('form[action$="/deposit"] button').click()
    page.locator('.chip[data-state="deposited"]').wait_for()
    return page.url.partition("/orders/")[2].partition("?")[0]


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
