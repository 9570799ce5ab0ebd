"""The encoder that remembers gives the same vectors, and asks for none twice."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from eval.cache import PROBE, CachedEncoder
from tests.indexer.encoders import WordEncoder


def test_texts_are_encoded_once_over_runs(tmp_path: Path) -> None:
    plain = WordEncoder()
    texts = ["where is my parcel", "thanks", "where is my parcel"]
    expected = plain.encode(texts, "query")
    first = CachedEncoder(inner := WordEncoder(), tmp_path)
    np.testing.assert_array_equal(first.encode(texts, "query"), expected)
    assert inner.seen == [("query", PROBE), ("query", texts[0]), ("query", texts[1])]
    first.close()
    again = CachedEncoder(inner := WordEncoder(), tmp_path)
    np.testing.assert_array_equal(again.encode(texts, "query"), expected)
    assert inner.seen == [("query", PROBE)]
    again.encode(texts[:1], "passage")
    assert inner.seen[-1] == ("passage", texts[0])
    again.close()


def test_no_texts_give_no_rows(tmp_path: Path) -> None:
    encoder = CachedEncoder(WordEncoder(), tmp_path)
    assert encoder.encode([], "query").shape == (0, encoder.dim)
    encoder.close()


def test_another_quantisation_starts_anew(tmp_path: Path) -> None:
    class Turned(WordEncoder):
        def encode(self, texts, kind):  # type: ignore[no-untyped-def]
            return -super().encode(texts, kind)

    first = CachedEncoder(WordEncoder(), tmp_path)
    second = CachedEncoder(Turned(), tmp_path)
    assert first.model_id == second.model_id
    np.testing.assert_array_equal(first.encode(["x"], "query"), -second.encode(["x"], "query"))
    first.close()
    second.close()
