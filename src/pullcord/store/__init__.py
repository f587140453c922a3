"""The event ledger: one append-only truth on SQLite or PostgreSQL, and tables that a replay rebuilds to the bit."""

from .columns import METADATA, Json, UtcDateTime, program_key
from .command import Command, CommandAnswered
from .event import Event, event, event_class, event_kinds, record_fields
from .ledger import Ledger, LedgerReader, open_reader, programs
from .rebuild import Rebuilt, rebuild
from .replay import Fault, Progress
from .table import Fold, Projection, Reader, Rows, Table
from .transaction import Reaction, Transaction
from .verify import Verification, verify

__all__ = [
    "METADATA",
    "Command",
    "CommandAnswered",
    "Event",
    "Fault",
    "Fold",
    "Json",
    "Ledger",
    "LedgerReader",
    "Progress",
    "Projection",
    "Reaction",
    "Reader",
    "Rebuilt",
    "Rows",
    "Table",
    "Transaction",
    "UtcDateTime",
    "Verification",
    "event",
    "event_class",
    "event_kinds",
    "open_reader",
    "program_key",
    "programs",
    "rebuild",
    "record_fields",
    "verify",
]
