"""What data can tell of a utility, found before a fit."""
