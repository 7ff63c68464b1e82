"""Batch image compression by K-Means and K-Medians colour quantisation."""

__version__ = "0.1.0"
