"""The API: every command and every read of the house for the alliance's parties, over HTTP, described by itself."""

from .endpoint import FrontDesk
from .quick import ROUTE_OF_QUICK, QuickReply, QuickReservation, head_of
from .routes import openapi_document, operations, route_handlers

__all__ = [
    "ROUTE_OF_QUICK",
    "FrontDesk",
    "QuickReply",
    "QuickReservation",
    "head_of",
    "openapi_document",
    "operations",
    "route_handlers",
]
