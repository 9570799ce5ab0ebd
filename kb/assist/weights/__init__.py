"""Weights trained offline, packaged."""
