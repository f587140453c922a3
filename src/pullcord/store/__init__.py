"""The event ledger: one append-only truth on SQLite or PostgreSQL, and tables that a replay rebuilds to the bit."""

from .columns import METADATA, Json, UtcDateTime, program_key
from .command import Command, CommandAnswered
from .event import Event, event
from .ledger import Ledger, LedgerReader, open_reader, programs
from .table import Fold, Projection, Reader, Rows, Table
from .transaction import Reaction, Transaction

__all__ = [
    "METADATA",
    "Command",
    "CommandAnswered",
    "Event",
    "Fold",
    "Json",
    "Ledger",
    "LedgerReader",
    "Projection",
    "Reaction",
    "Reader",
    "Rows",
    "Table",
    "Transaction",
    "UtcDateTime",
    "event",
    "open_reader",
    "program_key",
    "programs",
]
