"""Encoders without a model: a vector per bag of words, and ones that fail."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence

import numpy as np

from kb.errors import EncoderError
from kb.ports import TextKind, Vectors

DIM = 16


class WordEncoder:
    """A token is a word or a mark; a vector is the sum of its words' hashes."""

    def __init__(self, max_tokens: int = 64) -> None:
        self._max_tokens = max_tokens
        self.seen: list[tuple[TextKind, str]] = []
        self.before: Callable[[], None] | None = None

    @property
    def model_id(self) -> str:
        return "words"

    @property
    def dim(self) -> int:
        return DIM

    @property
    def max_tokens(self) -> int:
        return self._max_tokens

    def encode(self, texts: Sequence[str], kind: TextKind) -> Vectors:
        if self.before is not None:
            self.before()
        self.seen += [(kind, text) for text in texts]
        vectors = np.ones((len(texts), DIM), np.float32)
        for row, text in enumerate(texts):
            for word in re.findall(r"\w+", text.lower()):
                seed = hashlib.sha256(word.encode()).digest()[:DIM]
                vectors[row] += np.frombuffer(seed, np.uint8).astype(np.float32) / 255
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(self.token_offsets(text)) for text in texts]

    def token_offsets(self, text: str) -> list[tuple[int, int]]:
        # Long words are many tokens, as with a real tokenizer.
        return [match.span() for match in re.finditer(r"\w{1,8}|[^\w\s]", text)]


class FailingEncoder(WordEncoder):
    """Fails on texts that hold `poison`; with "" on every text."""

    def __init__(self, poison: str = "") -> None:
        super().__init__()
        self.poison: str | None = poison

    def encode(self, texts: Sequence[str], kind: TextKind) -> Vectors:
        if self.poison is not None and any(self.poison in text for text in texts):
            raise EncoderError("out of order")
        return super().encode(texts, kind)
