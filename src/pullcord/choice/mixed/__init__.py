"""Mixed logit: tastes that vary between persons, simulated."""
