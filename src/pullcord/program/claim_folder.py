"""A folder of claims: the program's own, or one that stands inside a program folder and is held against it."""

from __future__ import annotations

from pathlib import Path

from pullcord.base import InvalidInput, NotFound
from pullcord.claims import Claim

from .claim_tables import CLAIMS, claims_of
from .faults import Faults
from .folder import HEADER_FILE, read_contents, text_of
from .model import Program
from .tables import Given, read_table


def read_claims(folder: Path, program: Program) -> tuple[Claim, ...]:
    """The claims of a folder: the program's own, or those of a folder with a claims.csv that is not the program's.

    Raises InvalidInput with every problem found, by file and line; NotFound where there is no claims.csv.
    """
    if folder.resolve() == program.folder.resolve():
        return program.claims
    faults = Faults()
    contents = read_contents(folder, faults)
    if CLAIMS.file not in contents:
        raise NotFound(f"{folder} holds no {CLAIMS.file}", "name a folder that does")
    text = text_of(CLAIMS.file, contents, faults)
    claims = claims_of(read_table(CLAIMS.file, text, CLAIMS, Given(program.currency), faults), faults)
    if len(faults):
        raise InvalidInput(f"{len(faults)} problems in {folder}", "mend them all and ask again", faults.problems())
    return claims


def program_folder_of(folder: Path) -> Path:
    """The program folder that a folder of claims is, or stands in. Raises NotFound where there is none."""
    for place in (folder, *folder.resolve().parents):
        if (place / HEADER_FILE).is_file():
            return place
    raise NotFound(f"no program stands at or above {folder}", f"name a folder with {HEADER_FILE}, or one inside it")
