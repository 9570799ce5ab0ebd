"""Texts of one query, each encoded once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kb.ports import Encoder, Vectors


def encode_once(texts: Sequence[str], encoder: Encoder) -> Vectors:
    """Query vectors, shape (len(texts), dim); what is equal is encoded once.

    An empty text gets the vector of the first that is none; zeros when all are. Raises
    EncoderError.
    """
    different = list(dict.fromkeys(filter(None, texts)))
    if not different:
        return np.zeros((len(texts), encoder.dim), np.float32)
    place = {text: row for row, text in enumerate(different)}
    found: Vectors = encoder.encode(different, "query")[[place.get(text, 0) for text in texts]]
    return found
