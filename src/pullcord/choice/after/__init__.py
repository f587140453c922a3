"""What follows from a fit: worth in money, responses, markets, tests, resampling."""
