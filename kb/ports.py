"""The seams: what an encoder, a vector store and a generator must do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
Ids = NDArray[np.int64]
TextKind = Literal["query", "passage"]


class Encoder(Protocol):
    """Turns texts into unit vectors."""

    @property
    def model_id(self) -> str: ...

    @property
    def dim(self) -> int: ...

    @property
    def max_tokens(self) -> int: ...

    def encode(self, texts: Sequence[str], kind: TextKind) -> Vectors:
        """Shape (len(texts), dim), float32, L2-normalised rows. Raises EncoderError."""

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens per text, special tokens not counted."""

    def token_offsets(self, text: str) -> list[tuple[int, int]]:
        """Character span [start, end) of each token of `text`."""


@dataclass(frozen=True, slots=True)
class PassageFilter:
    """What may be found. `None` means any.

    Facets: for each one named, a label shares a value or has none of that facet. One may be named
    twice: what a dialog tells and what a reader may see narrow the field each by itself.
    """

    pools: frozenset[str] | None = None
    languages: frozenset[str] | None = None
    audiences: frozenset[str] | None = None
    facets: tuple[tuple[str, frozenset[str]], ...] = ()


@dataclass(frozen=True, slots=True)
class PassageLabels:
    """What a stored vector can be filtered by."""

    pool: str
    language: str
    audience: str
    facets: tuple[tuple[str, tuple[str, ...]], ...] = ()


class VectorStore(Protocol):
    """Holds unit vectors under integer passage ids."""

    @property
    def watermark(self) -> int:
        """The highest passage id this store has taken in; 0 when empty."""

    def upsert(self, ids: Ids, vectors: Vectors, labels: Sequence[PassageLabels]) -> None:
        """Add or replace. Shapes (n,), (n, dim). Raises InvalidInput on a wrong dimension."""

    def remove(self, ids: Ids) -> None:
        """Forget these ids; unknown ids are no error."""

    def search(
        self, vector: Vectors, k: int, where: PassageFilter | None = None
    ) -> tuple[Ids, Vectors]:
        """The k nearest by inner product: ids (m,), scores (m,), m <= k, best first."""


class Generator(Protocol):
    """An optional language model."""

    def generate(self, prompt: str) -> str:
        """Raises GeneratorError when slow, broken or absent."""
