"""Train and check the packaged model of `kb.assist.asks`: does a turn ask anything?

    python -m eval.calibrate_asks [--data FOLDER] [--write] [--report FILE]

Reads `eval/calibration/turns.<lang>.jsonl` and the keywords of `content/`; with `--data` also
half of the dialogs of multidogo and the training questions of clinc150. The other half and the
test questions are only measured on.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eval.logistic import (
    Floats,
    auroc,
    calibration_error,
    fit_logistic,
    out_of_fold,
    platt,
    sigmoid,
)
from kb.assist.asks import SURFACE, WEIGHTS, scaled, surface_features
from kb.config import get_settings
from kb.encoders.factory import create_encoder
from kb.ports import Encoder, Vectors
from kb.text.phrases import phrase_languages

CALIBRATION = Path(__file__).parent / "calibration"
DOMAINS = ("airline", "finance", "insurance")
ASKS_NOTHING = frozenset(
    {"openinggreeting", "closinggreeting", "thankyou", "confirmation", "rejection", "contentonly"}
)
LEFT_OUT = frozenset({"outofdomain", ""})
# Of clinc150's intents these are small talk, not questions.
CLINC_TALK = frozenset({"greeting", "goodbye", "thank_you", "yes", "no", "maybe"})
CLINC_TRAIN = 4_000  # questions; more would drown the hand-written turns
RIDGE = 10.0  # 30 and 5 gave the same within .003 on the hand-written turns
# What each source weighs in all, so that neither English nor short turns decide alone.
SOURCE_WEIGHT = {"turns": 1_500.0, "multidogo": 4_000.0, "clinc": 800.0, "keywords": 300.0}
RECALL = 0.98  # of the turns that ask, this share is above the threshold
SEED = 7


@dataclass(frozen=True, slots=True)
class Turn:
    """`source`: a key of SOURCE_WEIGHT; `group`: a language or a domain, to report by."""

    text: str
    asks: bool
    source: str
    group: str
    count: int = 1


@dataclass(frozen=True, slots=True)
class Table:
    """Turns as numbers: `surface` not standardised, `vectors` of the encoder."""

    turns: list[Turn]
    surface: Floats
    vectors: Vectors

    @property
    def labels(self) -> NDArray[np.bool_]:
        return np.array([turn.asks for turn in self.turns])

    def weights(self) -> Floats:
        """Repeats count by their logarithm; the sources as SOURCE_WEIGHT says."""
        raw = np.array([1 + np.log(turn.count) for turn in self.turns])
        keys = [(t.source, t.group if t.source == "turns" else "") for t in self.turns]
        totals: Counter[tuple[str, str]] = Counter()
        for key, value in zip(keys, raw, strict=True):
            totals[key] += value
        return np.array(
            [SOURCE_WEIGHT[k[0]] / totals[k] * v for k, v in zip(keys, raw, strict=True)]
        )


def in_training_half(dialog_id: str) -> bool:
    """Whether the model was trained on this multidogo dialog."""
    return hashlib.sha256(dialog_id.encode()).digest()[0] % 2 == 0


def calibration_turns() -> list[Turn]:
    """The hand-written turns of all languages."""
    return [
        Turn(row["text"], bool(row["asks"]), "turns", language)
        for language in phrase_languages()
        for row in read_rows(CALIBRATION / f"turns.{language}.jsonl")
    ]


def content_keywords(folder: Path) -> list[Turn]:
    """What customers call the articles: short, without a verb, and still a question."""
    import yaml

    found = []
    for path in sorted(folder.glob("*/*.md")):
        front = yaml.safe_load(path.read_text("utf8").split("---\n")[1])
        found += [
            Turn(str(word), True, "keywords", front["language"])
            for word in front.get("keywords", [])
        ]
    return found


def multidogo_turns(folder: Path, *, training: bool) -> list[Turn]:
    """Turns of one half of the dialogs, equal ones of a domain counted together."""
    counts: Counter[tuple[str, bool, str]] = Counter()
    for domain in DOMAINS:
        for row in read_rows(folder / f"{domain}.jsonl"):
            if in_training_half(row["_id"]) == training:
                for text, asks in _named_turns(row["turns"]):
                    counts[text, asks, domain] += 1
    return [Turn(text, asks, "multidogo", domain, n) for (text, asks, domain), n in counts.items()]


def _named_turns(turns: Iterable[dict[str, str]]) -> Iterator[tuple[str, bool]]:
    for turn in turns:
        intents = turn["intent"].split("<div>")
        is_named = all(intent.isalpha() and intent not in LEFT_OUT for intent in intents)
        if turn["text"].strip() and is_named:
            yield turn["text"], not set(intents) <= ASKS_NOTHING


def clinc_turns(path: Path) -> list[Turn]:
    """Questions, known or not; its small talk asks nothing."""
    return [
        Turn(row["text"], row["intent"] not in CLINC_TALK, "clinc", "clinc150")
        for row in read_rows(path)
    ]


def read_rows(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf8") as file:
        for line in file:
            yield json.loads(line)


def build_table(turns: list[Turn], encoder: Encoder) -> Table:
    texts = [turn.text for turn in turns]
    known = list(dict.fromkeys(texts))
    vectors = encoder.encode(known, "query")
    row = {text: number for number, text in enumerate(known)}
    return Table(turns, surface_features(texts), vectors[[row[text] for text in texts]])


@dataclass(frozen=True, slots=True)
class Fit:
    """Standardisation and weights of one kind of model."""

    mean: Floats
    scale: Floats
    weights: Floats
    full: bool

    def logits(self, table: Table) -> Floats:
        found = features(table, self.mean, self.scale, self.full)
        return np.asarray(found @ self.weights[:-1] + self.weights[-1])


def features(table: Table, mean: Floats, scale: Floats, full: bool) -> Floats:
    surface = (table.surface - mean) / scale
    return np.hstack([surface, scaled(table.vectors)]) if full else surface


def fit(table: Table, full: bool) -> Fit:
    mean = table.surface.mean(0)
    scale = np.maximum(table.surface.std(0), 1e-3)
    found = features(table, mean, scale, full)
    weights = fit_logistic(found, table.labels.astype(float), table.weights(), RIDGE)
    return Fit(mean, scale, weights, full)


def join(*tables: Table) -> Table:
    return Table(
        [turn for table in tables for turn in table.turns],
        np.vstack([table.surface for table in tables]),
        np.vstack([table.vectors for table in tables]),
    )


def rows(table: Table, which: NDArray[np.bool_]) -> Table:
    turns = [turn for turn, keep in zip(table.turns, which, strict=True) if keep]
    return Table(turns, table.surface[which], table.vectors[which])


def cross_fitted(written: Table, others: Sequence[Table], full: bool) -> Floats:
    """Logits of the hand-written turns by models that did not see them."""

    def score(held: NDArray[np.bool_]) -> Floats:
        return fit(join(rows(written, ~held), *others), full).logits(rows(written, held))

    return out_of_fold(len(written.turns), 5, SEED, score)


@dataclass(frozen=True, slots=True)
class Trained:
    """The final fits with their calibration folded in, and what was measured."""

    full: Fit
    surface: Fit
    threshold: float
    figures: dict[str, Any]


def train(written: Table, others: Sequence[Table], held: Sequence[Table]) -> Trained:
    """Fit on everything, calibrate on out-of-fold logits, measure on `held`."""
    figures: dict[str, Any] = {}
    fits = {}
    threshold = 0.5
    labels = written.labels
    even = np.full(len(labels), 1.0)
    for full in (False, True):
        name = "full" if full else "surface"
        logits = cross_fitted(written, others, full)
        slope, offset = platt(logits, labels.astype(float), even)
        final = fit(join(written, *others), full)
        weights = final.weights * slope
        weights[-1] += offset
        fits[name] = Fit(final.mean, final.scale, weights, full)
        figures[name] = _figures(written, logits, fits[name], held)
        chances = sigmoid(slope * logits + offset)
        if full:
            threshold = float(np.quantile(chances[labels], 1 - RECALL))
    return Trained(fits["full"], fits["surface"], threshold, figures)


def _figures(written: Table, logits: Floats, final: Fit, held: Sequence[Table]) -> dict[str, Any]:
    labels = written.labels
    groups = np.array([turn.group for turn in written.turns])
    chances = _cross_calibrated(logits, labels)
    found: dict[str, Any] = {
        f"turns.{group}": {
            "AUROC": auroc(logits[groups == group], labels[groups == group]),
            "ECE": calibration_error(chances[groups == group], labels[groups == group]),
            "turns": int((groups == group).sum()),
        }
        for group in sorted(set(groups))
    }
    for table in (table for table in held if len(set(table.labels.tolist())) == 2):
        found[table.turns[0].source + "." + table.turns[0].group] = _held_figures(table, final)
    if len(held) > 1:
        found["clinc150 known questions against multidogo small talk"] = _known_against_talk(
            held, final
        )
    return found


def _cross_calibrated(logits: Floats, labels: NDArray[np.bool_]) -> Floats:
    """Probabilities by a calibration that did not see the row either."""

    def score(held: NDArray[np.bool_]) -> Floats:
        slope, offset = platt(logits[~held], labels[~held].astype(float), np.ones((~held).sum()))
        return sigmoid(slope * logits[held] + offset)

    return out_of_fold(len(labels), 5, SEED + 1, score)


def _held_figures(table: Table, final: Fit) -> dict[str, Any]:
    counts = [turn.count for turn in table.turns]
    logits = np.repeat(final.logits(table), counts)
    labels = np.repeat(table.labels, counts)
    distinct = auroc(final.logits(table), table.labels)
    return {
        "AUROC": auroc(logits, labels),
        "AUROC of distinct turns": distinct,
        "ECE": calibration_error(sigmoid(logits), labels),
        "turns": len(labels),
    }


def _known_against_talk(held: Sequence[Table], final: Fit) -> dict[str, Any]:
    everything = join(*held)
    is_question = np.array([t.source == "clinc" and t.asks for t in everything.turns])
    is_talk = np.array([t.source == "multidogo" and not t.asks for t in everything.turns])
    table = rows(everything, is_question | is_talk)
    return _held_figures(table, final)


def save(path: Path, trained: Trained, model_id: str, counts: dict[str, int]) -> None:
    """float32 weights and metadata as one JSON text."""
    date = datetime.now(UTC).date().isoformat()
    arrays = {
        "full": trained.full.weights,
        "surface": trained.surface.weights,
        "mean": trained.full.mean,
        "scale": trained.full.scale,
    }
    content = b"".join(array.tobytes() for array in arrays.values())
    meta = {
        "model_id": model_id,
        "version": f"asks-{date}-{hashlib.sha256(content).hexdigest()[:8]}",
        "date": date,
        "counts": counts,
        "surface": SURFACE,
        "threshold": trained.threshold,
    }
    floats = {name: array.astype(np.float32) for name, array in arrays.items()}
    np.savez_compressed(
        path,
        meta=np.array(json.dumps(meta)),
        full=floats["full"],
        surface=floats["surface"],
        mean=floats["mean"],
        scale=floats["scale"],
    )


def load_tables(data: Path | None, content: Path, encoder: Encoder) -> list[list[Table]]:
    """The hand-written turns; other training tables; held-out tables."""
    written = build_table(calibration_turns(), encoder)
    others = [build_table(content_keywords(content), encoder)]
    if data is None:
        return [[written], others, []]
    clinc = clinc_turns(data / "clinc150" / "train.jsonl")
    picked = np.random.default_rng(SEED).permutation(len(clinc))[:CLINC_TRAIN]
    others.append(build_table([clinc[i] for i in picked], encoder))
    multidogo = data / "multidogo"
    others.append(build_table(multidogo_turns(multidogo, training=True), encoder))
    test = multidogo_turns(multidogo, training=False)
    held = [build_table([t for t in test if t.group == domain], encoder) for domain in DOMAINS]
    known = [t for t in clinc_turns(data / "clinc150" / "test.jsonl") if t.asks]
    held.append(build_table(known, encoder))
    return [[written], others, held]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, help="folder with multidogo/ and clinc150/")
    parser.add_argument("--write", action="store_true", help=f"write {WEIGHTS.name}")
    parser.add_argument("--report", type=Path, help="write the figures as JSON")
    arguments = parser.parse_args()
    settings = get_settings()
    encoder = create_encoder(settings)
    [written], others, held = load_tables(arguments.data, settings.content_dir, encoder)
    trained = train(written, others, held)
    trained.figures["threshold"] = trained.threshold
    text = json.dumps(trained.figures, indent=2)
    print(text)
    if arguments.report:
        arguments.report.write_text(text + "\n", "utf8")
    if arguments.write:
        counts = Counter(turn.source for table in (written, *others) for turn in table.turns)
        save(WEIGHTS, trained, encoder.model_id, dict(counts))


if __name__ == "__main__":
    main()
