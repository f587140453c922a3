"""Why something could not be done, in the reader's language: the ledger keeps the sentence that was said in English."""

from __future__ import annotations

import re

from .words import Words

_KNOWN = (
    (re.compile(r"can ship to this city"), "no_way"),
    (re.compile(r"the week of \S+ (cannot|can not|has no|is)"), "week_gone"),
    (re.compile(r"no free build slot|no build slots|no place|sold out|no week|used up"), "no_slot"),
    (re.compile(r"no delivery date yet|ask for a quote first"), "shown_no_date"),
    (re.compile(r"lapsed"), "lapsed"),
    (re.compile(r"no deposit is due|deposit is "), "not_due"),
    (re.compile(r"no longer cancelled|cancelled already"), "too_late"),
    (re.compile(r"already agreed|no longer wanted"), "agreed"),
    (re.compile(r"invoice"), "no_invoice"),
    (re.compile(r"week"), "week_gone"),
)


def refusal(t: Words, why: str) -> str:
    """The sentence for the reader. In English the ledger's own words stand; elsewhere what they amount to."""
    if t.language == "en":
        return why[:1].upper() + why[1:]
    key = next((key for pattern, key in _KNOWN if pattern.search(why)), "unknown")
    return t(f"refusal.{key}")
