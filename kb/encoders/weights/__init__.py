"""Learned weights of the encoders."""
