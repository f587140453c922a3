"""The claims page as one HTML file that needs nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from pullcord import __version__
from pullcord.claims import PUBLIC, RULES, ShownClaim
from pullcord.program import Program

from ..page import linked


@dataclass(frozen=True, slots=True)
class Group:
    """Claims of one state."""

    key: str
    title: str
    title_zh: str
    lead: str
    rows: tuple[ShownClaim, ...]


STATES = {
    "refused": ("Refused", "未通过", "False or incomplete as written. None of these may be shown."),
    "published": ("Public", "公示中", "Checked before it was published; each rests on the fact named beside it."),
    "holds": ("True and complete", "属实且完整", "Each of these may be published: the fact beside it says the same."),
    "unpublished": ("Taken back", "已撤回", "These were public, and are no longer."),
    "expired": ("Out of date", "已过期", "These are not valid on the day of this page."),
}
MEDIA = {"sentence": "sentence", "figure": "figure", "picture": "picture tag"}


def render_claims(program: Program, rows: Sequence[ShownClaim], day: date, *, live: bool) -> str:
    """The page for one program; `live` says that the rows are a ledger's, and not only the folder's.

    No script, no request to anywhere; the same rows give the same bytes.
    """
    groups = [
        Group(state, *words, tuple(row for row in rows if row.state == state))
        for state, words in STATES.items()
        if any(row.state == state for row in rows)
    ]
    environment = Environment(
        loader=PackageLoader("pullcord.report", "."),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["linked"] = linked
    css = files("pullcord.report").joinpath("report.css").read_text("utf-8")
    return environment.get_template("claims/page.html.j2").render(
        css=Markup(css),
        program=program,
        groups=groups,
        known={row.claim_id for row in rows},
        owners=sorted({row.owner_name for row in rows if row.owner_name}),
        total=len(rows),
        day=day,
        live=live,
        rules=RULES,
        media=MEDIA,
        public=PUBLIC,
        version=__version__,
    )
