"""Pullcord: a customer's choice pulls the whole chain."""

__version__ = "0.1.0"
