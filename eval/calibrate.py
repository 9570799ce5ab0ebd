"""Learn the confidence: `python -m eval.calibrate [DATA]`.

Asks the calibration questions of the demo company's base, in each language, of the pages of each
language (25 pairs), and, where DATA is given, the development halves of public sets. Each first
hit is right or wrong; a logistic regression on its figures learns how likely it is right. The
pairs' own terms are learned from the calibration questions alone.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from eval.datasets import Query
from eval.folders import Files, read_retrieval, read_similar_cases
from eval.logistic import auroc, calibration_error, fit_logistic, fit_offset, sigmoid
from eval.progress import Progress
from eval.rows import read_rows
from eval.runs.ask import find, read
from eval.runs.base import Base, temporary_base
from eval.runs.demo import demo_searcher
from eval.runs.setup import Setup, open_setup
from eval.splits import Split, stable_order
from eval.turns import Turn, read_known
from kb.assist.types import Message
from kb.config import get_settings
from kb.domain import Audience, Pool
from kb.search.calibrate import NAMES
from kb.search.search import Searcher
from kb.search.types import Hit, SearchQuery

CALIBRATION = Path(__file__).parent / "calibration"
TARGET = Path("kb/search/weights/confidence.json")
AT_MOST = 500  # questions of one public set
RIDGE = {"article": 1.0, "case": 0.1}  # at 0.1 an article's lead counts four times as much
PAIR_RIDGE = 5.0  # holds a pair's term near zero while there are few questions
# Beside a base's own questions, as many that it cannot answer as clinc150 has beside its own.
FOREIGN_SHARE = 0.25
# What banking77 answers as well, though clinc150 asks it: no foreign questions.
MONEY = frozenset(
    (
        "account_blocked",
        "application_status",
        "apr",
        "balance",
        "bill_balance",
        "bill_due",
        "card_declined",
        "credit_limit",
        "credit_limit_change",
        "credit_score",
        "damaged_card",
        "exchange_rate",
        "expiration_date",
        "freeze_account",
        "improve_credit_score",
        "interest_rate",
        "international_fees",
        "min_payment",
        "new_card",
        "order_checks",
        "pay_bill",
        "pin_change",
        "redeem_rewards",
        "replacement_card_duration",
        "report_fraud",
        "report_lost_card",
        "rewards_balance",
        "routing",
        "spending_history",
        "transactions",
        "transfer",
    )
)

_Question = TypeVar("_Question", Query, Turn)


@dataclass(frozen=True, slots=True)
class Row:
    """One first hit: its figures, whether it was right, and where it comes from."""

    figures: Sequence[float]
    right: bool
    query_language: str
    document_language: str
    source: str


def main() -> None:
    """Write `kb/search/weights/confidence.json` and print figures out of fold."""
    progress = Progress(Console(stderr=True))
    setup = open_setup(get_settings(), progress)
    rows: dict[str, list[Row]] = {"article": [], "case": []}
    for pool, row in _own_rows(setup, progress):
        rows[pool].append(row)
    if len(sys.argv) > 1:
        for pool, row in _public_rows(Path(sys.argv[1]), setup, progress):
            rows[pool].append(row)
    # A demo case counts as right when it cites the question's article: too coarse to learn from
    # where public sets tell it exactly (clinc150: AUROC .90 without them, .88 with them).
    rows["case"] = [row for row in rows["case"] if row.source != "own"] or rows["case"]
    learned = {pool: _learn(rows[pool] or rows["article"], RIDGE[pool]) for pool in rows}
    TARGET.write_text(json.dumps(learned, indent=1) + "\n", "utf-8")
    for pool, found in rows.items():
        _tell(pool, found)


def _own_rows(setup: Setup, progress: Progress) -> Iterator[tuple[str, Row]]:
    with demo_searcher(setup) as searcher:
        for language in setup.settings.languages:
            yield from _questions(language, searcher, setup, progress)


def _questions(
    language: str, searcher: Searcher, setup: Setup, progress: Progress
) -> Iterator[tuple[str, Row]]:
    """Articles of each language; cases of the question's own, right where they cite its article."""
    cited = _cited(setup.settings.content_dir)
    lines = (CALIBRATION / f"questions.{language}.jsonl").read_text("utf-8").splitlines()
    for line in progress.each(lines, f"Asking in {language}", len(lines)):
        question = json.loads(line)
        reading = read(setup, (Message("customer", question["text"]),), language, {})
        query = SearchQuery(
            reading.query.text,
            language,
            focus=reading.query.focus,
            reader=Audience.internal,
            limit=1,
        )
        for other in setup.settings.languages:
            own = replace(query, languages=frozenset({other}))
            for hit in searcher.search(own, reading.vectors).hits:
                right = hit.document_id in question["relevant"]
                yield "article", _row(hit, right, language, "own")
        for hit in searcher.search(replace(query, pools=frozenset({"case"})), reading.vectors).hits:
            right = bool(cited[hit.document_id] & set(question["relevant"]))
            yield "case", _row(hit, right, language, "own")


def _cited(content: Path) -> dict[str, set[str]]:
    """Case -> the articles it was solved with."""
    return {
        case["case"]: set(case.get("articles", ()))
        for path in sorted((content / "cases").glob("*.jsonl"))
        for case in map(json.loads, path.read_text("utf-8").splitlines())
    }


def _public_rows(data: Path, setup: Setup, progress: Progress) -> Iterator[tuple[str, Row]]:
    languages = setup.languages
    for name in ("stackfaq", "dstc9_val", "libreoffice_help"):
        for one in read_retrieval(data / name, languages, Files(), "open"):
            with temporary_base(one.documents, Pool.article, setup, progress) as base:
                for query in _dev(one.queries):
                    yield from _asked(base, query, frozenset(query.relevant), "article", name)
    yield from _case_rows(data, setup, progress)


def _case_rows(data: Path, setup: Setup, progress: Progress) -> Iterator[tuple[str, Row]]:
    """Of bases of utterances: what they know, and what is put to them that they do not know."""
    similar = read_similar_cases(data / "banking77", setup.languages)
    own = read_known(data / "clinc150", setup.languages, split=Split.dev)
    with temporary_base(similar.documents, Pool.case, setup, progress) as base:
        for query in _dev(similar.queries):
            yield from _asked(base, query, frozenset(query.relevant), "case", "banking77")
        for turn in _dev([turn for turn in own.turns if turn.intent not in MONEY]):
            yield from _asked(base, turn, frozenset(), "case", "foreign")
    alike: dict[str, set[str]] = {}
    for row in read_rows(data / "clinc150" / "train.jsonl"):
        alike.setdefault(row.text("intent"), set()).add(row.key())
    with temporary_base(own.documents, Pool.case, setup, progress) as base:
        for turn in _dev(own.turns):
            relevant = frozenset(alike.get(turn.intent, ()))
            yield from _asked(base, turn, relevant, "case", "clinc150")


def _dev(asked: Sequence[_Question]) -> list[_Question]:
    """Of the development half, from all over the set: files may be sorted by intent."""
    half = [one for one in asked if Split.dev.has(one.id)]
    return sorted(half, key=lambda one: stable_order(one.id))[:AT_MOST]


def _asked(
    base: Base, query: Query | Turn, relevant: frozenset[str], pool: str, source: str
) -> Iterator[tuple[str, Row]]:
    reading = read(base.setup, query.messages, query.language, {})
    hits = find(base, reading, limit=1)
    if hits:
        right = base.names[hits[0].document_id] in relevant
        yield pool, _row(hits[0], right, reading.query.language, source)


def _row(hit: Hit, right: bool, query_language: str, source: str) -> Row:
    figures = hit.figures.row() if hit.figures else [0.0] * len(NAMES)
    return Row(figures, right, query_language, hit.language, source)


def _learn(rows: Sequence[Row], ridge: float) -> dict[str, object]:
    """Common weights from all sources alike, then a term for each pair of languages."""
    figures, right, weights = _arrays(rows)
    found = fit_logistic(figures, right, weights, ridge)
    logits = figures @ found[:-1] + found[-1]
    pairs = {}
    for pair in sorted({(r.query_language, r.document_language) for r in rows}):
        chosen = np.array(
            [(r.query_language, r.document_language) == pair and r.source == "own" for r in rows]
        )
        if chosen.sum() >= 50:
            pairs[">".join(pair)] = round(fit_offset(logits[chosen], right[chosen], PAIR_RIDGE), 4)
    return {
        "intercept": round(float(found[-1]), 4),
        "weights": {n: round(float(w), 4) for n, w in zip(NAMES, found[:-1], strict=True)},
        "pairs": pairs,
        "same": 0.0,
        "other": round(float(np.mean([v for k, v in pairs.items() if _crosses(k)] or [0])), 4),
    }


def _crosses(pair: str) -> bool:
    first, second = pair.split(">")
    return first != second


def _arrays(
    rows: Sequence[Row],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Figures, outcomes, and weights that let each source count the same, foreign ones less."""
    counts = Counter(row.source for row in rows)
    shares = {source: FOREIGN_SHARE if source == "foreign" else 1.0 for source in counts}
    whole = len(rows) / sum(shares.values())
    weights = np.array([whole * shares[row.source] / counts[row.source] for row in rows])
    figures = np.array([row.figures for row in rows], dtype=np.float64)
    return figures, np.array([row.right for row in rows], dtype=np.float64), weights


def _tell(pool: str, rows: Sequence[Row]) -> None:
    """Figures with the learned weights on half of the rows, learned from the other half."""
    if not rows:
        return
    odd = [row for n, row in enumerate(rows) if n % 2]
    learned = _learn([row for n, row in enumerate(rows) if not n % 2], RIDGE[pool])
    weights, pairs = learned["weights"], learned["pairs"]
    assert isinstance(weights, dict)
    assert isinstance(pairs, dict)
    figures, right, _ = _arrays(odd)
    logits = figures @ np.array([weights[n] for n in NAMES]) + float(str(learned["intercept"]))
    logits += np.array([pairs.get(f"{r.query_language}>{r.document_language}", 0.0) for r in odd])
    chances = sigmoid(logits)
    for source in sorted({row.source for row in odd}):
        chosen = np.array([row.source == source for row in odd])
        area = auroc(chances[chosen], right[chosen] > 0)
        error = calibration_error(chances[chosen], right[chosen] > 0)
        share = right[chosen].mean()
        print(
            f"{pool} {source}: n {chosen.sum()} right {share:.3f} AUROC {area:.3f} ECE {error:.3f}"
        )


if __name__ == "__main__":
    main()
