"""A model of the packaged kind, too small to know anything: random weights, words by the letter."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from kb.encoders.packaged import PackedModel, Shape, Vocabulary, build_sentence_transformer

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

HIDDEN = 16
LAYERS = 2
_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789:,.?"
_PIECES = ["<s>", "<pad>", "</s>", "<unk>", "▁", *_LETTERS]
_SHAPE = Shape(HIDDEN, LAYERS, 2, 2 * HIDDEN, len(_PIECES), 80, 1, 1e-12)


def tiny_model(workdir: Path) -> SentenceTransformer:
    """The same one each time. `workdir` takes its working files."""
    words = [(piece, -1.0) for piece in _PIECES]
    vocabulary = Vocabulary(words, bos=0, eos=2, pad=1, unk=3, normalisation={"\t": " "})
    source = np.random.default_rng(5)
    directory: dict[str, tuple[int, int, int]] = {}
    data = b""
    for name, size in _sizes().items():
        directory[name] = (0, size, len(data))
        weights = np.ones(size) if "ln.w" in name else source.normal(scale=0.3, size=size)
        data += weights.astype("<f4").tobytes()
    workdir.mkdir(parents=True, exist_ok=True)
    return build_sentence_transformer(PackedModel(_SHAPE, vocabulary, directory, data), workdir)


def _sizes() -> dict[str, int]:
    square, wide = HIDDEN * HIDDEN, 2 * HIDDEN * HIDDEN
    sizes = {
        "emb.word": len(_PIECES) * HIDDEN,
        "emb.pos": _SHAPE.positions * HIDDEN,
        "emb.type": HIDDEN,
        "emb.ln.w": HIDDEN,
        "emb.ln.b": HIDDEN,
    }
    for layer in range(LAYERS):
        for name in ("q", "k", "v", "ao"):
            sizes |= {f"l{layer}.{name}.w": square, f"l{layer}.{name}.b": HIDDEN}
        sizes |= {f"l{layer}.fi.w": wide, f"l{layer}.fi.b": 2 * HIDDEN}
        sizes |= {f"l{layer}.fo.w": wide, f"l{layer}.fo.b": HIDDEN}
        for name in ("aln", "oln"):
            sizes |= {f"l{layer}.{name}.w": HIDDEN, f"l{layer}.{name}.b": HIDDEN}
    return sizes
