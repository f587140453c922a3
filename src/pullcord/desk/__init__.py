"""The desk: every command that may be given to a program, who may give it, and what it does.

A command is named by its caller: the same name asked twice has one effect and one answer. The default names say what
is done to what, so a step that can happen only once cannot happen twice.
"""

from .alliance import AllianceDesk
from .campaigns import CampaignDesk
from .claims import ClaimsDesk
from .customers import CustomerDesk
from .insight import STAGES, InsightDesk, quarter_of
from .market import MarketDesk
from .model import Billed, Built, Count, Planned, ProgramOpened
from .persons import open_orders, orders_of, person_record
from .plant import PlantDesk
from .quotes import QuoteDesk
from .sales import statement_of


class Desk(AllianceDesk, CampaignDesk, ClaimsDesk, CustomerDesk, InsightDesk, MarketDesk, PlantDesk, QuoteDesk):
    """All commands of one program, ready to be given to its ledger."""


__all__ = [
    "STAGES",
    "Billed",
    "Built",
    "Count",
    "Desk",
    "Planned",
    "ProgramOpened",
    "open_orders",
    "orders_of",
    "person_record",
    "quarter_of",
    "statement_of",
]
