"""A car is ordered in Chromium, from the first page to the handover: on phone and laptop, without script and with."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from open_shop import OpenShop, open_shop
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from pullcord.orders import OrderDeposited, State

pytestmark = pytest.mark.browser
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
WIDTHS = {"phone": (390, 844), "laptop": (1280, 800)}
PASSWORD = "a sentence about gravel roads"


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield running
        running.close()


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[OpenShop]:
    with open_shop(tmp_path) as running:
        yield running


class Visitor:
    """One browser, which notes what it should not see: errors in its console, and requests to other hosts."""

    def __init__(self, browser: Browser, shop: OpenShop, width: str, script: bool, locale: str = "en-GB") -> None:
        size = WIDTHS[width]
        self.context: BrowserContext = browser.new_context(
            viewport={"width": size[0], "height": size[1]}, java_script_enabled=script, locale=locale
        )
        self.context.set_default_timeout(15_000)
        self.shop = shop
        self.script = script
        self.faults: list[str] = []
        self.page: Page = self.context.new_page()
        self.page.on("console", lambda m: self.faults.append(m.text) if m.type == "error" else None)
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("request", lambda r: None if r.url.startswith(shop.root) else self.faults.append(f"asked {r.url}"))

    def open(self, path: str) -> None:
        self.page.goto(f"{self.shop.root}{path}")
        self.fits()

    def fits(self) -> None:
        """Nothing is wider than the screen."""
        if self.script:
            wide = self.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
            assert wide <= 0, f"{self.page.url} is {wide} px too wide"

    def choose(self, label: str, then: str) -> None:
        """Choose an option; without script the form must be sent."""
        self.page.get_by_label(label, exact=True).check()
        if not self.script:
            self.page.get_by_role("button", name=then).click()

    def sign_up(self) -> None:
        page = self.page
        page.get_by_role("main").get_by_role("link", name="Create an account").click()
        page.get_by_label("Name").fill("Wei <b>Lin</b>")
        page.get_by_label("E-mail").fill("wei@example.org")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Create the account").click()

    def sign_in(self) -> None:
        page = self.page
        page.get_by_label("E-mail").fill("wei@example.org")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()

    def hold_a_date(self) -> str:
        """From the date page to an order whose date is held; its id."""
        page = self.page
        self.open("/date?variant=white&plan=owned&city=guangzhou")
        page.get_by_role("main").get_by_role("link", name="Sign in to hold this date").click()
        self.sign_up()
        page.get_by_role("button", name="Hold this date").click()
        expect(page.locator(".chip")).to_have_text("Date held")
        return page.url.partition("/orders/")[2].partition("?")[0]


@pytest.mark.parametrize("script", [False, True], ids=["without-script", "with-script"])
@pytest.mark.parametrize("width", list(WIDTHS))
def test_a_car_is_ordered_from_the_first_page_to_the_handover(
    browser: Browser, shop: OpenShop, width: str, script: bool
) -> None:
    visitor = Visitor(browser, shop, width, script)
    page = visitor.page
    visitor.open("/")
    expect(page.get_by_role("heading", level=1)).to_have_text("The People's Car")
    page.get_by_text("The car has a closed steel roof").click()
    expect(page.get_by_text("Who answers for it").first).to_be_visible()
    page.get_by_role("link", name="Configure yours").click()

    visitor.choose("Blue", "Show this choice")
    wrap = page.get_by_label("Custom wrap")
    expect(wrap).to_be_disabled()
    expect(page.get_by_text("A custom wrap is laid over white paint")).to_be_visible()
    expect(page.get_by_text("Aion UT super, blue").first).to_be_attached()
    visitor.fits()
    page.get_by_role("link", name="See the price").click()

    expect(page.get_by_text("equal at 100.25 months")).to_be_visible()
    page.get_by_label("How far do you drive in a month?").fill("4000")
    page.get_by_role("button", name="Reckon").click()
    live = page.locator("#live")
    expect(live.get_by_text("You drive 1,000 km a month above the limit; that costs ¥200")).to_be_visible()
    expect(page.get_by_text("equal at 66.78 months")).to_be_visible()  # 40,000 / (399 + 200)
    visitor.fits()
    page.get_by_role("link", name="Choose: Battery rented").click()

    page.get_by_label("City of delivery").select_option("dazhou")
    if not script:
        page.get_by_role("button", name="Show the dates").click()
    expect(live.get_by_text("We cannot sell this to you there")).to_be_visible()
    expect(page.get_by_role("link", name="Sign in to hold this date")).to_have_count(0)
    page.get_by_label("City of delivery").select_option("guangzhou")
    if not script:
        page.get_by_role("button", name="Show the dates").click()
    expect(page.get_by_text("All terms in one place")).to_be_visible()
    visitor.fits()
    page.get_by_role("link", name="Sign in to hold this date").click()
    visitor.sign_up()
    page.get_by_role("button", name="Hold this date").click()

    expect(page.locator(".chip")).to_have_text("Date held")
    expect(page.get_by_text("Test payment: no money is moved")).to_be_visible()
    visitor.fits()
    order_id = page.url.partition("/orders/")[2].partition("?")[0]
    page.get_by_role("button", name="Pay the deposit of ¥1,000 (test)").dblclick()
    expect(page.locator(".chip")).to_have_text("Deposit paid")
    page.reload()
    deposits = [e for e in shop.app.ledger.events(kinds=[OrderDeposited]) if e.body.order_id == order_id]
    assert len(deposits) == 1
    assert shop.order(order_id).state is State.DEPOSITED

    for _ in range(8):  # the order locks by itself after seven days
        shop.wait(days=1)
        shop.night()
    if not script:
        page.get_by_role("link", name="Refresh this page").click()
    expect(page.locator(".chip")).to_have_text("Firm")  # with script, by itself

    shop.build_and_ship(order_id)
    visitor.open(f"/orders/{order_id}")
    if "/sign-in" in page.url:  # two weeks have passed: the session is over
        visitor.sign_in()
    expect(page.locator(".chip")).to_have_text("Handed over")
    story = page.locator(".timeline")
    for told in ("You reserved.", "held the place until", "The order is firm", "Built on", "On the road to Guangzhou"):
        expect(story).to_contain_text(told)
    expect(story).to_contain_text("Handed over on")
    visitor.fits()
    visitor.open("/account")
    expect(page.get_by_text("Wei <b>Lin</b>")).to_be_visible()
    assert visitor.faults == []
    visitor.context.close()


@pytest.mark.parametrize("script", [False, True], ids=["without-script", "with-script"])
def test_an_order_is_cancelled_and_the_deposit_goes_back(browser: Browser, shop: OpenShop, script: bool) -> None:
    visitor = Visitor(browser, shop, "phone", script)
    page = visitor.page
    order_id = visitor.hold_a_date()
    page.get_by_role("button", name="Pay the deposit of ¥1,000 (test)").click()
    expect(page.locator(".chip")).to_have_text("Deposit paid")
    page.get_by_role("link", name="Cancel this order").click()
    expect(page.get_by_text("You get ¥1,000 back.")).to_be_visible()
    visitor.fits()
    page.get_by_label("It takes too long").check()
    page.get_by_role("button", name="Cancel the order").click()
    expect(page.locator(".chip")).to_have_text("Cancelled")
    expect(page.locator(".timeline")).to_contain_text("¥1,000 goes back to you.")
    assert shop.order(order_id).refunded_minor == 100_000
    assert visitor.faults == []
    visitor.context.close()


def test_every_figure_of_a_price_has_the_size_of_the_price(browser: Browser, shop: OpenShop) -> None:
    visitor = Visitor(browser, shop, "phone", script=True)
    for path in ("/", "/price", "/date?variant=white&plan=rental&city=guangzhou"):
        visitor.open(path)
        figures = "[...document.querySelectorAll('.figure')].map(f => getComputedStyle(f))"
        sizes = visitor.page.evaluate(f"{figures}.map(style => style.fontSize + style.fontWeight)")
        assert len(sizes) >= 4
        assert len(set(sizes)) == 1
    visitor.open("/configure")
    sizes = visitor.page.evaluate(
        "[...document.querySelectorAll('.from strong, .from .rest')].map(f => getComputedStyle(f).fontSize)"
    )
    assert len(sizes) == 3
    assert len(set(sizes)) == 1
    visitor.context.close()


def test_the_shop_speaks_chinese_to_a_chinese_browser_and_can_be_used_by_keyboard(
    browser: Browser, shop: OpenShop
) -> None:
    visitor = Visitor(browser, shop, "phone", script=True, locale="zh-CN")
    page = visitor.page
    for path in ("/", "/configure?colour=blue", "/price?km=4000", "/claims", "/sign-in", "/sign-up"):
        visitor.open(path)
        assert page.locator("html").get_attribute("lang") == "zh-CN"
    visitor.open("/configure")
    page.keyboard.press("Tab")
    expect(page.get_by_text("跳到正文")).to_be_focused()
    page.get_by_label("白色", exact=True).focus()
    page.keyboard.press("ArrowDown")  # grey; the page changes in place, and the focus stays
    expect(page.get_by_label("灰色", exact=True)).to_be_checked()
    expect(page.locator(".sticky")).to_contain_text("灰色")
    expect(page.get_by_label("灰色", exact=True)).to_be_focused()
    assert visitor.faults == []
    visitor.context.close()


def test_touch_targets_are_large_enough_on_a_phone(browser: Browser, shop: OpenShop) -> None:
    visitor = Visitor(browser, shop, "phone", script=True)
    small = """[...document.querySelectorAll('a, button, summary, select, input:not([type=hidden]):not([type=radio])')]
        .filter(e => e.getClientRects().length && !e.closest('p, .small, .skip') && !e.matches('.skip'))
        .filter(e => e.getBoundingClientRect().height < 44).map(e => e.outerHTML.slice(0, 80))"""
    for path in ("/", "/configure?colour=blue", "/price", "/sign-in", "/date?variant=white&plan=rental&city=guangzhou"):
        visitor.open(path)
        assert visitor.page.evaluate(small) == [], path
    visitor.context.close()
