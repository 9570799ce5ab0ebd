"""The served encoder against the float32 one it was made from: fidelity and speed, in one run."""

import json
import time
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from statistics import median

import numpy as np

from kb.config import Settings
from kb.encoders.factory import create_encoder
from kb.ports import Encoder, TextKind

QUERY_ROUNDS = 3
PASSAGE_ROUNDS = 3
PASSAGE_TOKENS = 120
_PASSAGES = 16

Texts = dict[str, list[str]]
Report = dict[str, object]


def run(settings: Settings, texts: Texts | None = None) -> Report:
    """Compare `encoder_runtime` onnx with torch, one thread each, taking turns.

    `texts`: passages per language to compare vectors on, else the sentences beside this file.
    Cosines are between the vectors of the same text; milliseconds are medians over single queries.
    Turns are rounds of all queries, since a server runs one model; where they are single queries
    (`alternating_ms`), each model has pushed the other one out of the processor's cache.
    """
    texts = texts or own_sentences()
    one_thread = settings.model_copy(update={"encoder_threads": 1})
    served = create_encoder(one_thread.model_copy(update={"encoder_runtime": "onnx"}))
    reference = create_encoder(one_thread.model_copy(update={"encoder_runtime": "torch"}))
    queries = [sentence for group in own_sentences().values() for sentence in group[:4]]
    both = [served, reference]
    steady = _query_times(both, [queries] * QUERY_ROUNDS)
    alternating = _query_times(both, [[query] for query in queries] * QUERY_ROUNDS)
    speed = _passage_speeds(both, _passages(served, texts))
    return {
        "model_id": served.model_id,
        "cosine": {lang: _cosines(served, reference, group) for lang, group in texts.items()},
        "query_ms": _compared(steady),
        "alternating_ms": _compared(alternating),
        "passages_per_second": {"onnx": speed[0], "torch": speed[1], "tokens": PASSAGE_TOKENS},
    }


def own_sentences() -> Texts:
    """Customer-service sentences per language, the same in each, in the same order."""
    text = files("eval.bench").joinpath("sentences.json").read_text(encoding="utf-8")
    sentences: Texts = json.loads(text)
    return sentences


def parallel_sentences(folder: Path, languages: Sequence[str], count: int) -> Texts:
    """The first `count` lines of `<folder>/<language>.txt`."""
    return {
        lang: (folder / f"{lang}.txt").read_text(encoding="utf-8").splitlines()[:count]
        for lang in languages
    }


def _cosines(served: Encoder, reference: Encoder, texts: list[str]) -> dict[str, float]:
    left, right = served.encode(texts, "passage"), reference.encode(texts, "passage")
    cosines = np.sum(left * right, axis=1)
    return {"mean": float(cosines.mean()), "p5": float(np.percentile(cosines, 5))}


def _query_times(encoders: list[Encoder], turns: Sequence[list[str]]) -> list[float]:
    """Medians in milliseconds: each encoder does a turn, then the next one the same."""
    times: list[list[float]] = [[] for _ in encoders]
    for encoder in encoders:
        encoder.encode(turns[0], "query")  # the first ones warm up
    for queries in turns:
        for encoder, taken in zip(encoders, times, strict=True):
            taken += [_seconds(encoder, [query], "query") for query in queries]
    return [1000 * median(taken) for taken in times]


def _compared(milliseconds: list[float]) -> dict[str, float]:
    ours, theirs = milliseconds
    return {"onnx": ours, "torch": theirs, "times_faster": theirs / ours}


def _passage_speeds(encoders: list[Encoder], passages: list[str]) -> list[float]:
    times: list[list[float]] = [[] for _ in encoders]
    for _ in range(PASSAGE_ROUNDS):
        for encoder, taken in zip(encoders, times, strict=True):
            taken.append(_seconds(encoder, passages, "passage"))
    return [len(passages) / median(taken) for taken in times]


def _passages(encoder: Encoder, texts: Texts) -> list[str]:
    """Passages of PASSAGE_TOKENS tokens, languages in turn."""
    joined = [" ".join(group[:60] * 8) for group in texts.values()]
    passages = []
    for number in range(_PASSAGES):
        text = joined[number % len(joined)]
        start = (number // len(joined)) * 400
        spans = encoder.token_offsets(text[start:])
        passages.append(text[start:][: spans[min(PASSAGE_TOKENS, len(spans)) - 1][1]])
    return passages


def _seconds(encoder: Encoder, texts: Sequence[str], kind: TextKind) -> float:
    start = time.perf_counter()
    encoder.encode(texts, kind)
    return time.perf_counter() - start
