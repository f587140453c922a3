"""The pictures, one module for each theme; each gives the charts that its results can fill, and no empty ones."""
