"""An encoder without a model: texts that share words lie near, in any language."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from kb.errors import EncoderError
from kb.ports import TextKind, Vectors
from kb.text.terms import fold

MODEL_ID = "hash-of-words"
DIM = 32
MEANINGS = {"paczkomat": "locker", "predalnik": "locker", "csomagautomata": "locker"}


class HashEncoder:
    """A vector is the sum of its words' signs; `down` makes it fail."""

    def __init__(self, model_id: str = MODEL_ID, dim: int = DIM) -> None:
        self._model_id = model_id
        self._dim = dim
        self.down = False

    @property
    def model_id(self) -> str:
        return self._model_id

    @property
    def dim(self) -> int:
        return self._dim

    @property
    def max_tokens(self) -> int:
        return 64

    def encode(self, texts: Sequence[str], kind: TextKind) -> Vectors:
        if self.down:
            raise EncoderError("The encoder is away.")
        rows = np.zeros((len(texts), self._dim), np.float32)
        for row, text in enumerate(texts):
            for word in re.findall(r"\w+", fold(text).lower()) or [""]:
                rows[row] += _signs(MEANINGS.get(word, word), self._dim)
            if not rows[row].any():
                rows[row, 0] = 1
        unit: Vectors = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        return unit

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(self.token_offsets(text)) for text in texts]

    def token_offsets(self, text: str) -> list[tuple[int, int]]:
        return [match.span() for match in re.finditer(r"\w{1,8}|[^\w\s]", text)]


@lru_cache(maxsize=10_000)
def _signs(word: str, dim: int) -> Vectors:
    seed = hashlib.shake_256(word.encode()).digest(dim)
    signs: Vectors = np.where(np.frombuffer(seed, np.uint8) > 127, 1, -1).astype(np.float32)
    return signs
