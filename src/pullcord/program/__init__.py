"""The program: a folder that a planner can read becomes one checked input, or a list of all that is wrong with it."""

from .claim_folder import program_folder_of, read_claims
from .column import Column, Kind, TableSpec
from .columns import TABLES
from .dictionary import data_dictionary
from .folder import program_digest
from .model import Assumption, LaunchDay, MonthlyCount, PanelRow, Policies, Program, SourceNote, Survey, SurveyTerm
from .reader import read_program

__all__ = [
    "TABLES",
    "Assumption",
    "Column",
    "Kind",
    "LaunchDay",
    "MonthlyCount",
    "PanelRow",
    "Policies",
    "Program",
    "SourceNote",
    "Survey",
    "SurveyTerm",
    "TableSpec",
    "data_dictionary",
    "program_digest",
    "program_folder_of",
    "read_claims",
    "read_program",
]
