"""Encoders: texts to vectors. `kb.encoders.factory` picks one by the settings."""
