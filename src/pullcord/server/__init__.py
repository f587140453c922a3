"""The server: one program's API and shop on one port, and the fast lane for orders in a rush."""

from .bridge import RsgiProtocol, RsgiScope
from .running import SWEEP_EVERY_S, Address, Running, Serving, free_port, run, running, serve, serve_in_thread

__all__ = [
    "SWEEP_EVERY_S",
    "Address",
    "RsgiProtocol",
    "RsgiScope",
    "Running",
    "Serving",
    "free_port",
    "run",
    "running",
    "serve",
    "serve_in_thread",
]
