"""The page: everything put together into one file that needs nothing else."""

from __future__ import annotations

from importlib.resources import files
from urllib.parse import urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup, escape

from . import words
from .amounts import delay_words, number
from .chart import draw
from .readings import Results, part, unit_of
from .sections import all_sections
from .style import drawing


def render(results: Results) -> str:
    """The report as one HTML file: no script, no request to anywhere; the same results give the same bytes.

    `results` is the record that a run writes as results.json. A section whose part of it is missing or null says so
    in a sentence.
    """
    sections = all_sections(results)
    with drawing():
        charts = {section.key: [draw(chart) for chart in section.charts] for section in sections}
    panels = words.dial(results)
    environment = Environment(
        loader=PackageLoader("pullcord.report", "."),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["linked"] = linked
    environment.filters["number"] = number
    css = files("pullcord.report").joinpath("report.css").read_text("utf-8")
    return environment.get_template("template.html.j2").render(
        css=Markup(css + dial_css([panel.delay_days for panel in panels])),
        program=part(results, "program"),
        unit=unit_of(results),
        cards=words.cards(results),
        panels=panels,
        first=_first_shown([panel.delay_days for panel in panels]),
        meaning=lambda measure: words.measure_meaning(measure, results),
        replications=part(results, "twin").get("replications"),
        sections=sections,
        charts=charts,
        delay_words=delay_words,
    )


def _first_shown(delays: list[int]) -> int:
    """The delay the dial starts at: a day where there is one, for that is what a daily run achieves."""
    return 1 if 1 in delays else min(delays, default=0)


def dial_css(delays: list[int]) -> str:
    """The rules that let the dial's radio buttons switch panels, buttons and chart columns without a script."""
    rules = []
    for delay in delays:
        on = f"#dial-{delay}:checked~"
        rules.append(f"{on}* .panel-{delay}{{display:block}}")
        rules.append(f"{on}* svg .dial-{delay}{{visibility:visible}}")
        rules.append(f"{on}.dial label[for=dial-{delay}]{{background:var(--pull);color:#fff;border-color:var(--pull)}}")
        label = f".dial label[for=dial-{delay}]"
        rules.append(f"#dial-{delay}:focus-visible~{label}{{outline:3px solid var(--focus);outline-offset:2px}}")
    return "\n".join(rules)


def linked(text: str) -> Markup:
    """The text with each web address in it as a link; everything else escaped."""
    made = []
    for word in text.split(" "):
        bare = word.rstrip(".,;)")
        try:
            good = urlsplit(bare).scheme in ("http", "https") and bool(urlsplit(bare).hostname)
        except ValueError:
            good = False
        if good:
            tail = word[len(bare) :]
            made.append(Markup('<a href="{0}" rel="noreferrer">{1}</a>').format(bare, bare) + escape(tail))
        else:
            made.append(escape(word))
    return Markup(" ").join(made)
