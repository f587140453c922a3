"""The server: one program's API and shop on one port, and the fast lane for orders in a rush."""

from .listening import Lane, LaneRequest, listening
from .running import SWEEP_EVERY_S, Address, Running, Serving, bind, run, running, serve, serve_in_thread

__all__ = [
    "SWEEP_EVERY_S",
    "Address",
    "Lane",
    "LaneRequest",
    "Running",
    "Serving",
    "bind",
    "listening",
    "run",
    "running",
    "serve",
    "serve_in_thread",
]
