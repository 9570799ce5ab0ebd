"""Means of the encoder's space, per language, and their removal.

Sentence encoders crowd all texts of a language into one corner. Taking the language's mean off
and renormalising brings equal meanings of different languages together. Queries and passages
have means of their own. Small bases lean on means packaged with the model.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

import numpy as np

from kb.ports import Vectors

PRIOR_WEIGHT = 50.0  # the packaged mean counts as much as this many vectors
ENOUGH = 200  # vectors from which a mean can be trusted without a packaged one
KINDS = ("query", "passage")


@dataclass(frozen=True)
class Means:
    """(kind, language) -> mean vector of shape (dim,); language "" is the mean of all."""

    vectors: Mapping[tuple[str, str], Vectors]

    def centred(self, rows: Vectors, kind: str, language: str) -> Vectors:
        """Rows (n, dim) less the mean, each of length 1 again; rows of zeros stay zeros."""
        mean = self.vectors.get((kind, language), self.vectors.get((kind, "")))
        if mean is None:
            return rows
        moved = np.where(np.any(rows != 0, axis=-1, keepdims=True), rows - mean, 0)
        return unit(moved)


def unit(rows: Vectors) -> Vectors:
    """Each row divided by its length; zeros stay zeros."""
    lengths = np.linalg.norm(rows, axis=-1, keepdims=True)
    scaled: Vectors = (rows / np.where(lengths > 1e-6, lengths, 1.0)).astype(np.float32)
    return scaled


def learn_means(rows: Mapping[tuple[str, str], Vectors], model_id: str) -> Means:
    """Means of (kind, language) -> raw vectors (n, dim), held by the packaged ones."""
    packaged = packaged_means(model_id)
    means = dict(packaged)
    for kind in KINDS:
        parts = {lang: found for (k, lang), found in rows.items() if k == kind and len(found)}
        if not parts:
            continue
        whole = np.concatenate(list(parts.values()))
        overall = _held(whole, packaged.get((kind, "")))
        if overall is None:
            continue
        means[kind, ""] = overall
        for language, found in parts.items():
            held = _held(found, packaged.get((kind, language), overall))
            means[kind, language] = overall if held is None else held
    return Means(means)


def _held(rows: Vectors, prior: Vectors | None) -> Vectors | None:
    if prior is None:
        return rows.mean(axis=0).astype(np.float32) if len(rows) >= ENOUGH else None
    total = rows.sum(axis=0) + PRIOR_WEIGHT * prior
    held: Vectors = (total / (len(rows) + PRIOR_WEIGHT)).astype(np.float32)
    return held


@lru_cache(maxsize=4)
def packaged_means(model_id: str) -> dict[tuple[str, str], Vectors]:
    """The means shipped for this model; empty for a model nobody has measured."""
    file = resources.files("kb.search") / "weights" / f"means-{_plain(model_id)}.npz"
    if not file.is_file():
        return {}
    with file.open("rb") as stream, np.load(stream) as stored:
        return {
            (name.split(".")[0], name.split(".")[1]): stored[name].astype(np.float32)
            for name in stored.files
        }


def _plain(model_id: str) -> str:
    return "".join(c if c.isalnum() or c in "-_." else "-" for c in model_id)
