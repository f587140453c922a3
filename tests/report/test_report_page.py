"""The page as text: complete, self-contained, deterministic, and safe with whatever names a program brings."""

from __future__ import annotations

import json
import re
from collections import Counter
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree

import pytest
from sample import sample_results

from pullcord.report import render

TOP_LEVEL = tuple(key for key in sample_results() if key != "program")
VOID = {"meta", "link", "input", "br", "hr", "img"}


class Page(HTMLParser):
    """Tags, ids and references of a page, and whether every element is closed by its own tag."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: Counter[str] = Counter()
        self.tags: Counter[str] = Counter()
        self.references: list[tuple[str, str, str]] = []
        self.open: list[str] = []
        self.faults: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_startendtag(tag, attrs)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        for name, value in attrs:
            if name == "id":
                self.ids[value or ""] += 1
            if name in ("src", "href", "srcset", "action", "data", "poster") or name.endswith(":href"):
                self.references.append((tag, name, value or ""))
            if name.startswith("on"):
                self.faults.append(f"{tag} {name}")

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"</{tag}>")


@pytest.fixture(scope="module")
def html() -> str:
    return render(sample_results())


def figures(html: str) -> list[str]:
    return re.findall(r"<figure.*?</figure>", html, flags=re.DOTALL)


def test_the_page_is_well_formed(html: str) -> None:
    page = Page(html)
    assert not page.faults
    assert not page.open
    for svg in re.findall(r"<svg.*?</svg>", html, flags=re.DOTALL):
        ElementTree.fromstring(svg)


def test_every_id_stands_once_and_every_pointer_finds_its_target(html: str) -> None:
    page = Page(html)
    assert [name for name, count in page.ids.items() if count > 1] == []
    pointers = set(re.findall(r"url\(#([^)]+)\)", html)) | {v[1:] for _, _, v in page.references if v.startswith("#")}
    assert pointers <= set(page.ids)


def test_nothing_is_fetched_from_anywhere(html: str) -> None:
    page = Page(html)
    assert page.tags["script"] == page.tags["iframe"] == page.tags["img"] == page.tags["image"] == 0
    for tag, name, value in page.references:
        if tag == "a":
            assert value.startswith(("#", "https://", "http://"))
        else:
            assert value.startswith(("#", "data:")), (tag, name, value)
    assert "@import" not in html
    assert all(target.startswith("#") for target in re.findall(r"url\(([^)]*)\)", html))
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', html)
    assert policy is not None
    assert policy.group(1).startswith("default-src 'none'")


def test_every_figure_has_both_forms_a_label_a_unit_and_a_source(html: str) -> None:
    found = figures(html)
    assert len(found) >= 16
    for figure in found:
        assert figure.count("<svg") == 2
        assert 'class="wide"' in figure
        assert 'class="narrow"' in figure
        assert figure.count('role="img" aria-label="') == 2
        assert "<b>Unit</b>" in figure
        assert "<b>Source</b>" in figure
        assert figure.count("<text") > 4


def test_labels_are_at_least_eleven_pixels_on_a_phone(html: str) -> None:
    for svg in re.findall(r'<svg class="narrow".*?</svg>', html, flags=re.DOTALL):
        assert 'viewBox="0 0 350 ' in svg
        assert min(float(size) for size in re.findall(r"font-size: ([\d.]+)px", svg)) >= 11


def test_the_same_results_give_the_same_bytes(html: str) -> None:
    assert render(sample_results()) == html
    assert render(json.loads(json.dumps(sample_results()))) == html


def test_a_users_matplotlib_settings_change_nothing(html: str) -> None:
    import matplotlib as mpl

    with mpl.rc_context({"axes.grid": False, "lines.linewidth": 9, "font.size": 30, "svg.fonttype": "path"}):
        assert render(sample_results()) == html
        assert mpl.rcParams["lines.linewidth"] == 9


def test_the_dial_has_a_button_and_a_panel_for_each_delay(html: str) -> None:
    for delay in (0, 1, 7, 30, 91):
        assert f'id="dial-{delay}"' in html
        assert f'<label for="dial-{delay}">' in html
        assert f"panel-{delay}" in html
    assert html.count(" checked>") == 1


@pytest.mark.parametrize("missing", TOP_LEVEL)
@pytest.mark.parametrize("how", ["null", "absent"])
def test_a_missing_part_leaves_a_sentence_and_no_empty_chart(missing: str, how: str) -> None:
    results = sample_results()
    if how == "null":
        results[missing] = None
    else:
        del results[missing]
    html = render(results)
    assert not Page(html).faults
    for figure in figures(html):
        assert figure.count("<svg") == 2


def test_a_program_alone_says_what_is_not_there() -> None:
    html = render({"program": sample_results()["program"]})
    assert figures(html) == []
    for sentence in (
        "the cost of old news was not measured",
        "No demand model was run",
        "No launch was run",
        "The two worlds were not run",
    ):
        assert sentence in html


def test_names_from_a_program_stay_text() -> None:
    hostile = '<script>alert(1)</script> $\\frac{a}{b}$ "quoted" \x07 & more'
    results = _rename(sample_results(), hostile)
    html = render(results)
    page = Page(html)
    assert page.tags["script"] == 0
    assert not page.faults
    assert "&lt;script&gt;" in html
    assert "\x07" not in "".join(re.findall(r"<svg.*?</svg>", html, flags=re.DOTALL))


def _rename(value: Any, name: str) -> Any:
    """The record with every name of a thing replaced."""
    names = {"name", "plan", "variant", "constraint", "local_name", "reason", "source", "what", "unit_name", "plant"}
    if isinstance(value, dict):
        return {
            key: name if key in names and isinstance(item, str) else _rename(item, name) for key, item in value.items()
        }
    return [_rename(item, name) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "https://", "http://[::1", "data:text/html,x", "ftp://a.b/c"]
)
def test_only_web_addresses_become_links(address: str) -> None:
    results = sample_results()
    results["sources"] = [{"what": "x", "source": address, "mark": "S"}]
    results["latency"]["source"] = "plain words"
    assert all(value.startswith("#") for tag, _, value in Page(render(results)).references if tag == "a")


def test_words_follow_the_product() -> None:
    results = sample_results()
    results["program"] |= {"unit_name": "projector", "currency": "EUR", "category": "projector"}
    html = render(results)
    assert "projectors handed over" in html
    assert not re.search(r"\bcars?\b", re.sub(r"Sample car|Carmaker", "", html))
    assert not re.search(r"\byuan\b", html)


def test_amounts_follow_the_currencys_own_coins() -> None:
    results = sample_results()
    results["program"]["currency"] = "JPY"
    assert "4,990,000\u00a0yen" in render(results)
