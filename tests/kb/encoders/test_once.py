"""Each text of a query is encoded once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kb.encoders.once import encode_once
from kb.ports import TextKind, Vectors


class Lengths:
    """An encoder whose vectors are the lengths of texts; keeps what it was given."""

    model_id, dim, max_tokens = "lengths", 2, 10

    def __init__(self) -> None:
        self.given: list[str] = []

    def encode(self, texts: Sequence[str], kind: TextKind) -> Vectors:
        assert kind == "query"
        self.given += texts
        return np.array([[len(text), 1] for text in texts], np.float32).reshape(-1, 2)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(text) for text in texts]

    def token_offsets(self, text: str) -> list[tuple[int, int]]:
        return []


def test_what_is_equal_is_encoded_once_and_stands_wherever_it_was() -> None:
    encoder = Lengths()
    found = encode_once(["one", "three", "one", "three"], encoder)
    assert encoder.given == ["one", "three"]
    assert found[:, 0].tolist() == [3, 5, 3, 5]


def test_an_empty_text_takes_the_vector_of_the_first_that_is_none() -> None:
    assert encode_once(["", "three"], Lengths())[:, 0].tolist() == [5, 5]
    assert encode_once(["three", ""], Lengths())[:, 0].tolist() == [5, 5]


def test_nothing_at_all_is_not_encoded() -> None:
    encoder = Lengths()
    assert encode_once(["", ""], encoder).tolist() == [[0, 0], [0, 0]]
    assert encoder.given == []
