"""Webhooks (Standard Webhooks): a party names an address, and what it may see of the ledger is sent there, signed."""

from .courier import Courier
from .model import Delivery, Endpoint, EndpointWithSecret
from .operations import webhook_operations
from .store import WebhookStore

__all__ = ["Courier", "Delivery", "Endpoint", "EndpointWithSecret", "WebhookStore", "webhook_operations"]
