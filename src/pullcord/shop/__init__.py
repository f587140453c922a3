"""The shop: pages for people, made on the server, in Chinese and English; without script, and better with it."""

from .routes import error_page, refusal_page, route_handlers
from .words import LANGUAGES, problems

__all__ = ["LANGUAGES", "error_page", "problems", "refusal_page", "route_handlers"]
