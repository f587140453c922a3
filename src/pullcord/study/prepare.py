"""All of a run that needs no ledger: what fails, fails here, before anything is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from pullcord.catalogue import Catalogue
from pullcord.outlook import Outlook
from pullcord.program import Program
from pullcord.survey import NotAtHand, SurveyFit
from pullcord.twin import TwinInput

from .market import demand_section, latency_section, offers_section, survey_section
from .two_worlds import twin_input


@dataclass(frozen=True, slots=True)
class Prepared:
    """The calibrated demand of a program, what both worlds are told of it, and the first sections of its results."""

    outlook: Outlook
    worlds: TwinInput
    sections: Mapping[str, Any]


def prepare_run(program: Program, survey: SurveyFit | NotAtHand | None = None) -> Prepared:
    """What a run of the program begins with: its tastes are those of the survey's fit, where there is one.

    Raises InvalidInput where its tables allow no run.
    """
    if isinstance(survey, SurveyFit):
        program = replace(program, tastes=survey.tastes)
    outlook = Outlook(program)
    worlds = twin_input(Catalogue(program))
    offers, break_even = offers_section(program)
    sections = {
        "latency": latency_section(program),
        "survey": survey_section(program, survey),
        "demand": demand_section(program, outlook),
        "offers": offers,
        "break_even_months": break_even,
    }
    return Prepared(outlook, worlds, sections)
