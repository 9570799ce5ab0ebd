"""Learns the adapter of the packaged encoder: `python -m eval.adapter DATA`."""
