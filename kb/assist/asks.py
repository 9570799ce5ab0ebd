"""Whether a customer's turn asks anything: a calibrated probability.

Logistic regression on a few surface features and, for the encoder it was trained with, on the
query vector. Trained by `python -m eval.calibrate_asks`; weights in `weights/asks.npz`.
"""

from __future__ import annotations

import json
import math
import re
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kb.errors import ConfigError
from kb.ports import Vectors
from kb.text.fold import fold
from kb.text.phrases import SMALL_TALK, get_phrases, phrase_languages
from kb.text.small_talk import WORD, small_talk
from kb.text.terms import question_words

WEIGHTS = Path(__file__).parent / "weights" / "asks.npz"
Probabilities = NDArray[np.float64]

_READ = 2_000  # characters looked at
_KEPT = 2_000  # texts remembered: a conversation is read again after each of its turns
_ADDRESS = re.compile(r"\S+@\S+\.\w|https?://|www\.|\w{3,}(?:gmail|yahoo|hotmail)\w*com\b")

SURFACE = (
    "words",
    "characters",
    "one_word",
    "two_words",
    "up_to_four_words",
    "question_mark",
    "digits",
    "codes",
    "address",
    "small_talk",
    "all_small_talk",
    "rest_words",
    *SMALL_TALK,
    "requests",
    "has_request",
    "opens_with_question_word",
    "has_question_word",
    "negation",
    "capitals",
    "longest_word",
)
"""Names of the surface features, in the order of the weights."""


@dataclass(frozen=True, slots=True)
class AsksModel:
    """Weights of both models. `threshold`: below it a turn counts as asking nothing."""

    model_id: str
    surface: NDArray[np.float64]  # (len(SURFACE) + 1,), the bias last
    full: NDArray[np.float64]  # (len(SURFACE) + dim + 1,), the bias last
    mean: NDArray[np.float64]  # of the surface features
    scale: NDArray[np.float64]
    threshold: float
    version: str


def asks(
    texts: Sequence[str], vectors: Vectors | None = None, model_id: str | None = None
) -> Probabilities:
    """Probability of each turn that it states a problem, a request or a question.

    `vectors` (len(texts), dim) are the query vectors of the encoder `model_id`; without them,
    or with another encoder than the weights were trained for, the surface features decide
    alone. Shape (len(texts),), float64 in [0, 1].
    """
    model = load_asks()
    features = (surface_features(texts) - model.mean) / model.scale
    weights = model.surface
    fits = vectors is not None and model_id == model.model_id
    if vectors is not None and fits:
        features = np.hstack([features, scaled(vectors)])
        weights = model.full
    logits = features @ weights[:-1] + weights[-1]
    chances: Probabilities = 1 / (1 + np.exp(-np.clip(logits, -40, 40)))
    return chances


def scaled(vectors: Vectors) -> NDArray[np.float64]:
    """Unit vectors brought to about one per dimension, as the regularisation expects."""
    return vectors.astype(np.float64) * math.sqrt(vectors.shape[1])


def surface_features(texts: Sequence[str]) -> NDArray[np.float64]:
    """Shape (len(texts), len(SURFACE)), not standardised."""
    rows = [_features(text[:_READ]) for text in texts]
    return np.array(rows, np.float64).reshape(len(texts), len(SURFACE))


@lru_cache(maxsize=_KEPT)
def _features(text: str) -> tuple[float, ...]:
    words = WORD.findall(fold(text))
    count = len(words)
    talk = small_talk(text)
    requests, questions, negations = _cues()
    wanted = sum(word in requests for word in words)
    return (
        math.log1p(count),
        math.log1p(len(text.strip())),
        count == 1,
        count == 2,
        count <= 4,
        "?" in text,
        sum(c.isdigit() for c in text) / max(1, len(text)),
        sum(any(c.isdigit() for c in word) for word in words) / max(1, count),
        _ADDRESS.search(text) is not None,
        talk.share,
        talk.is_all,
        math.log1p(count * (1 - talk.share)),
        *(kind in talk.kinds for kind in SMALL_TALK),
        wanted / max(1, count),
        wanted > 0,
        bool(words) and words[0] in questions,
        any(word in questions for word in words),
        any(word in negations for word in words),
        sum(word[0].isupper() for word in text.split()[1:]) / max(1, count),
        math.log1p(max(map(len, words), default=0)),
    )


@lru_cache(maxsize=1)
def _cues() -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    """Words of requests, of questions and of negation, of all languages together."""
    known = [get_phrases(language) for language in phrase_languages()]
    questions = (question_words(phrases.language) for phrases in known)
    return (
        frozenset().union(*(phrases.requests for phrases in known)),
        frozenset().union(*questions),
        frozenset().union(*(phrases.negations for phrases in known)),
    )


@lru_cache(maxsize=1)
def load_asks() -> AsksModel:
    """The packaged weights. Raises ConfigError when they are missing or do not fit."""
    try:
        with WEIGHTS.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
            meta = json.loads(str(file["meta"]))
            arrays = {name: file[name].astype(np.float64) for name in file.files if name != "meta"}
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise ConfigError(
            f"The weights {WEIGHTS.name} cannot be read: reinstall potica or train them with"
            " python -m eval.calibrate_asks."
        ) from error
    if tuple(meta["surface"]) != SURFACE:
        raise ConfigError(
            f"The weights {WEIGHTS.name} are for other features: run python -m eval.calibrate_asks."
        )
    return AsksModel(
        model_id=meta["model_id"],
        surface=arrays["surface"],
        full=arrays["full"],
        mean=arrays["mean"],
        scale=arrays["scale"],
        threshold=float(meta["threshold"]),
        version=meta["version"],
    )
