"""Vectors for passages: each text is encoded once and its vector kept."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.domain import Embedding
from kb.errors import EncoderError
from kb.ports import Encoder, TextKind, Vectors

ENCODED_AT_ONCE = 128  # texts between two calls of `progress`
HASHES = 500  # hashes asked for at a time

Inputs = Mapping[str, tuple[TextKind, str]]
Progress = Callable[[int, int], None]
"""Called with (done, all) now and then."""


def stored_hashes(session: Session, hashes: Collection[str], model_id: str) -> set[str]:
    """Those of the text hashes that have a vector of this model."""
    wanted = sorted(set(hashes))
    found: set[str] = set()
    for start in range(0, len(wanted), HASHES):
        found.update(
            session.scalars(
                select(col(Embedding.text_hash)).where(
                    col(Embedding.model_id) == model_id,
                    col(Embedding.text_hash).in_(wanted[start : start + HASHES]),
                )
            )
        )
    return found


def encode_texts(
    encoder: Encoder, inputs: Inputs, progress: Progress | None = None
) -> dict[str, Vectors]:
    """A vector of shape (dim,) for each text hash. Raises EncoderError."""
    vectors: dict[str, Vectors] = {}
    for kind in ("query", "passage"):
        # Longest first: what fills the memory fills it at once, and little is padded.
        batch = sorted(
            ((len(text), key, text) for key, (k, text) in inputs.items() if k == kind),
            reverse=True,
        )
        for start in range(0, len(batch), ENCODED_AT_ONCE):
            some = batch[start : start + ENCODED_AT_ONCE]
            rows = encoder.encode([text for _, _, text in some], kind)
            if rows.shape != (len(some), encoder.dim):
                raise EncoderError(
                    f"The encoder {encoder.model_id} gave vectors of shape {rows.shape},"
                    f" not {(len(some), encoder.dim)}: check the model."
                )
            vectors.update((key, row) for (_, key, _), row in zip(some, rows, strict=True))
            if progress is not None:
                progress(len(vectors), len(inputs))
    return vectors


def encode_apart(encoder: Encoder, inputs: Inputs) -> tuple[dict[str, Vectors], dict[str, str]]:
    """Vectors text by text, and by text hash what was wrong with the others."""
    vectors: dict[str, Vectors] = {}
    wrong: dict[str, str] = {}
    for key, given in inputs.items():
        try:
            vectors.update(encode_texts(encoder, {key: given}))
        except EncoderError as error:
            wrong[key] = error.message
    return vectors, wrong
