"""What is said of the product, and what was measured of it: the tables claims.csv and test_records.csv.

claims.csv may hold claims that break a rule: reading asks only whether a claim is one, and `pullcord claims check`
whether it may be published. So may a claims.csv in a folder of its own inside a program folder.
"""

from __future__ import annotations

from pullcord.base import LONGEST_NAMED_ID, ClaimId, InvalidInput, PartyId
from pullcord.claims import Claim, Evidence, Medium, Subject, SubjectKind, TestedFigure

from .column import MARK, SOURCE, Column, Kind, TableSpec, id_column, ref_column, text_column
from .faults import Faults
from .tables import CheckedTable, Row

CLAIMS = TableSpec(
    "claims",
    (
        id_column("claim_id", "one sentence, figure or picture tag about the product", longest=LONGEST_NAMED_ID),
        Column("owner", Kind.ID, "the party that answers for it; none is refused by the check", required=False),
        Column("medium", Kind.CHOICE, "how it is shown", choices=tuple(Medium)),
        Column("subject_kind", Kind.CHOICE, "what it speaks of", choices=tuple(SubjectKind)),
        id_column("subject_id", "which of them; an option is written family.option"),
        id_column("attribute", "what it says of it; docs/concepts/claims.md lists the attributes"),
        text_column("value", "what it says: yes, no, a figure with a decimal point, or a name"),
        text_column("unit", "the unit of value, where it has one", required=False),
        text_column("shown_en", "the words in English; of a picture, what it shows"),
        text_column("shown_zh", "the words in Chinese"),
        Column("evidence", Kind.CHOICE, "the kind of its evidence", required=False, choices=tuple(Evidence)),
        text_column("reference", "the key of the fact that carries it, such as price/rental", required=False),
        text_column("audience", "who may read it: `public`, or parties, separated by spaces", required=False),
        Column("valid_from", Kind.DATE, "local date of its first day", required=False),
        Column("valid_to", Kind.DATE, "local date of its last day; empty is until further notice", required=False),
        text_column("beside", "claims shown beside it in the same type size, separated by spaces", required=False),
        text_column("source", "where the claim was made, or where its figure comes from", required=False),
        text_column(
            "mark", "how sure we are of it, as in the other tables; a U is refused by the check", required=False
        ),
    ),
    key=("claim_id",),
    required=False,
    may_be_empty=True,
)
TEST_RECORDS = TableSpec(
    "test_records",
    (
        id_column("record_id", "a figure that a party states from a test of its own: the attribute in claims.csv"),
        Column("value", Kind.NUMBER, "what was found", "as in `unit`", source="maker"),
        text_column("unit", "the unit of value"),
        ref_column("party_id", "parties.party_id", "whose test it is"),
        text_column("procedure_en", "how it was found, in English: test cycle, range of charge"),
        text_column("procedure_zh", "the same in Chinese"),
        SOURCE,
        MARK,
    ),
    key=("record_id",),
    required=False,
    may_be_empty=True,
)


def claims_of(table: CheckedTable | None, faults: Faults) -> tuple[Claim, ...]:
    """The claims of a table, in its order; what a claim itself refuses is noted at its row."""
    made: list[Claim] = []
    for row in table.sound_rows if table else ():
        try:
            made.append(_claim(row))
        except InvalidInput as failure:
            assert table is not None
            faults.take(table.file, row.line, failure)
    return tuple(made)


def _claim(row: Row) -> Claim:
    def words(name: str) -> tuple[str, ...]:
        return tuple((row[name] or "").split())

    return Claim(
        claim_id=ClaimId(row["claim_id"]),
        owner=PartyId(row["owner"]) if row["owner"] else None,
        medium=Medium(row["medium"]),
        subject=Subject(SubjectKind(row["subject_kind"]), row["subject_id"]),
        attribute=row["attribute"],
        value=row["value"],
        unit=row["unit"] or "",
        shown_en=row["shown_en"],
        shown_zh=row["shown_zh"],
        evidence=Evidence(row["evidence"]) if row["evidence"] else None,
        reference=row["reference"] or "",
        audience=words("audience"),
        valid_from=row["valid_from"],
        valid_to=row["valid_to"],
        beside=tuple(ClaimId(name) for name in words("beside")),
        source=row["source"] or "",
        mark=row["mark"] or "",
    )


def tested_figures_of(table: CheckedTable | None) -> tuple[TestedFigure, ...]:
    """The figures that parties state from their tests."""
    return tuple(
        TestedFigure(
            row["record_id"],
            row.texts["value"],
            row["unit"],
            PartyId(row["party_id"]),
            row["procedure_en"],
            row["procedure_zh"],
            row["source"],
            row["mark"],
        )
        for row in (table.sound_rows if table else ())
    )
