"""The server: one program's API and shop on one port, and the fast lane for orders in a rush."""

from .running import Address, Running, Serving, free_port, run, running, serve, serve_in_thread

__all__ = ["Address", "Running", "Serving", "free_port", "run", "running", "serve", "serve_in_thread"]
