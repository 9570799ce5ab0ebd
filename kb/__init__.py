"""Potica's heart: articles, cases, search and suggestion. Knows no web framework."""

__version__ = "0.1.0"
