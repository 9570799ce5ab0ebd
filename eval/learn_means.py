"""Learn the packaged means of the default encoder: `python -m eval.learn_means`.

Queries: the calibration questions and turns that ask, and the titles of `content/`. Passages: the
paragraphs of `content/`. Five languages, so that a small base can lean on them. Nothing of the
evaluation sets goes in.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from kb.config import get_settings
from kb.encoders.factory import create_encoder
from kb.ports import Encoder, TextKind, Vectors

CALIBRATION = Path(__file__).parent / "calibration"
TARGET = Path("kb/search/weights")
SHORTEST = 80  # characters of a paragraph that is worth a vector


def main() -> None:
    """Write `kb/search/weights/means-<model>.npz` (float16)."""
    settings = get_settings()
    encoder = create_encoder(settings)
    means: dict[str, Vectors] = {}
    kinds: tuple[TextKind, ...] = ("query", "passage")
    for kind in kinds:
        rows = {lang: _vectors(encoder, kind, lang) for lang in settings.languages}
        for language, found in rows.items():
            means[f"{kind}.{language}"] = found.mean(axis=0)
        means[f"{kind}."] = np.concatenate(list(rows.values())).mean(axis=0)
    path = TARGET / f"means-{encoder.model_id}.npz"
    stored: dict[str, Any] = {name: mean.astype(np.float16) for name, mean in means.items()}
    np.savez(path, **stored)
    print(f"{path}: {len(means)} means")


def _vectors(encoder: Encoder, kind: TextKind, language: str) -> Vectors:
    texts = _queries(language) if kind == "query" else _passages(language)
    return encoder.encode(list(dict.fromkeys(texts)), kind)


def _queries(language: str) -> Iterator[str]:
    for name, wanted in (("questions", None), ("turns", True)):
        for line in (CALIBRATION / f"{name}.{language}.jsonl").read_text("utf-8").splitlines():
            row = json.loads(line)
            if wanted is None or row["asks"] is wanted:
                yield row["text"]
    for path in sorted(Path("content", language).glob("*.md")):
        yield from (
            line.removeprefix("title: ").strip("'\"")
            for line in path.read_text("utf-8").splitlines()
            if line.startswith("title: ")
        )


def _passages(language: str) -> Iterator[str]:
    for path in sorted(Path("content", language).glob("*.md")):
        body = path.read_text("utf-8").split("\n---\n", 1)[1]
        yield from (p for p in body.split("\n\n") if len(p) >= SHORTEST)


if __name__ == "__main__":
    main()
