"""Choices from files, tables, public data sets and events, checked as they come in."""
