"""Figures of near-duplicates, and their report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from eval.logistic import calibration_error
from eval.runs.duplicates import Answer, Proposal
from eval.runs.pairs import PairList
from kb.assist.article_pairs import MOST_PAIRS

FEWEST = 20  # texts of a language or pair that are worth figures of their own


@dataclass(frozen=True, slots=True)
class DuplicateFigures:
    """All between 0 and 1 but the counts.

    `precision` is the share of what was proposed above the threshold that was right, `recall` the
    share of texts with a duplicate that were shown one, `false_alarm` that of new texts that were
    shown something. `lexical_precision` is that of words alone at the engine's recall, or at the
    nearest they reach.
    """

    texts: int
    new: int
    r1: float
    r5: float
    lexical_r1: float
    lexical_r5: float
    shown: int
    precision: float
    recall: float
    false_alarm: float
    lexical_precision: float
    lexical_recall: float
    calibration_error: float


def figures_of(answers: Sequence[Answer]) -> DuplicateFigures:
    """The figures over these texts."""
    known = [answer for answer in answers if not answer.new]
    new = [answer for answer in answers if answer.new]
    shown = [p for answer in answers for p in answer.engine if p.likely]
    recall = _mean([any(p.likely and p.right for p in a.engine) for a in known])
    lexical_precision, lexical_recall = _lexical_at(answers, recall)
    every = [p for answer in answers for p in answer.engine]
    chances = np.array([p.probability for p in every], dtype=np.float64)
    right = np.array([p.right for p in every], dtype=np.bool_)
    return DuplicateFigures(
        texts=len(answers),
        new=len(new),
        r1=_mean([_first(a.engine) for a in known]),
        r5=_mean([any(p.right for p in a.engine) for a in known]),
        lexical_r1=_mean([_first(a.lexical) for a in known]),
        lexical_r5=_mean([any(p.right for p in a.lexical) for a in known]),
        shown=len(shown),
        precision=_mean([p.right for p in shown]),
        recall=recall,
        false_alarm=_mean([any(p.likely for p in a.engine) for a in new]),
        lexical_precision=lexical_precision,
        lexical_recall=lexical_recall,
        calibration_error=calibration_error(chances, right) if every else 0.0,
    )


def by_pair(answers: Sequence[Answer]) -> dict[str, DuplicateFigures]:
    """The figures by the language of the text and that of what is looked through."""
    pairs: dict[str, list[Answer]] = {}
    for answer in answers:
        pairs.setdefault(f"{answer.language} > {answer.corpus}", []).append(answer)
    return {pair: figures_of(own) for pair, own in sorted(pairs.items()) if len(own) >= FEWEST}


def write_report(
    path: Path,
    answers: Mapping[str, Sequence[Answer]],
    command: str,
    machine: str,
    lists: Mapping[str, PairList] | None = None,
) -> None:
    """The report as Markdown."""
    today = datetime.now(UTC).date().isoformat()
    lines = [
        "# Near-duplicates",
        "",
        f"{today}, `{command}`, {machine}.",
        "",
        *_EXPLAINED,
        "",
        *_table({name: figures_of(own) for name, own in answers.items()}, "set"),
        "",
        *_list_section(lists or {}),
    ]
    for name, own in answers.items():
        groups = by_pair(own)
        if len(groups) > 1:
            crossed = [a for a in own if a.language != a.corpus]
            same = [a for a in own if a.language == a.corpus]
            means = {"across languages": figures_of(crossed)} if crossed and same else {}
            means |= {"same language": figures_of(same)} if crossed and same else {}
            lines += [f"## {name}: text > documents", "", *_table(means | groups, "pair"), ""]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")


def to_json(
    answers: Mapping[str, Sequence[Answer]], lists: Mapping[str, PairList] | None = None
) -> dict[str, object]:
    """The figures by set, with those by pair of languages; those of the editors' list."""
    listed: dict[str, object] = {
        name: {
            "articles": found.articles,
            "pairs": found.known,
            "shown": found.shown,
            "precision": found.precision,
            "found": found.found,
            "r_precision": found.r_precision,
            "above_bar": len(found.right),
        }
        for name, found in (lists or {}).items()
    }
    known: dict[str, object] = {"lists": listed}
    return known | {
        name: asdict(figures_of(own))
        | {"pairs": {pair: asdict(figures) for pair, figures in by_pair(own).items()}}
        for name, own in answers.items()
    }


def _list_section(lists: Mapping[str, PairList]) -> list[str]:
    if not lists:
        return []
    lines = [
        "## The editors' list of pairs",
        "",
        *_LIST_EXPLAINED,
        "",
        "| set | articles | pairs | above the bar | shown | precision | found | R-precision |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for name, own in lists.items():
        counts = (own.articles, own.known, len(own.right), own.shown)
        shares = (own.precision, own.found, own.r_precision)
        cells = (name, *(str(count) for count in counts), *(_shown(share) for share in shares))
        lines.append(f"| {' | '.join(cells)} |")
    return [*lines, ""]


def _table(rows: Mapping[str, DuplicateFigures], first: str) -> list[str]:
    names = ("texts", "new", "R@1", "R@5", "lexical R@1", "lexical R@5", "precision", "recall")
    more = ("false alarm", "lexical precision", "at recall", "ECE")
    lines = [
        f"| {' | '.join((first, *names, *more))} |",
        f"| --- |{' ---: |' * (len(names) + len(more))}",
    ]
    for name, f in rows.items():
        values = (f.r1, f.r5, f.lexical_r1, f.lexical_r5, f.precision, f.recall, f.false_alarm)
        tail = (f.lexical_precision, f.lexical_recall, f.calibration_error)
        cells = [str(f.texts), str(f.new), *(_shown(v) for v in (*values, *tail))]
        lines.append(f"| {' | '.join((name, *cells))} |")
    return lines


def _shown(value: float) -> str:
    return f"{value:.3f}".removeprefix("0") if value < 1 else f"{value:.2f}"


def _first(proposals: Sequence[Proposal]) -> bool:
    return bool(proposals) and proposals[0].right


def _lexical_at(answers: Sequence[Answer], recall: float) -> tuple[float, float]:
    """Precision and recall of words alone at the highest bar with at least this recall."""
    known = [answer for answer in answers if not answer.new]
    best = sorted(
        (max((p.figures[0] for p in a.lexical if p.right), default=-1.0) for a in known),
        reverse=True,
    )
    reached = [score for score in best if score >= 0]
    if not reached:
        return 0.0, 0.0
    place = min(max(1, round(recall * len(known))), len(reached))
    bar = reached[place - 1]
    shown = [p.right for a in answers for p in a.lexical if p.figures[0] >= bar]
    return _mean(shown), _mean([score >= bar for score in best])


def _mean(values: Sequence[bool]) -> float:
    return float(np.mean(values)) if len(values) else 0.0


_EXPLAINED = (
    "Test halves only; weights and thresholds are learned on the other halves"
    " (`python -m eval.learn_duplicates DATA`). A third of the groups (an intent, a question, a"
    " page, a pair of tickets) is taken out of the base: texts of those groups are *new*, and all"
    " that is proposed for them is wrong.",
    "",
    "- **R@1**, **R@5**: of the texts that are not new, those with a right document first, or"
    " among the first five; **lexical** is BM25 over lemmas of whole pages in the language looked"
    " through.",
    "- **precision**: of all documents proposed at or above the threshold (at most five for a"
    " text), those that are right; **recall**: of the texts that are not new, those shown a right"
    " one; **false alarm**: of the new texts, those shown anything.",
    "- **lexical precision**: of words alone, at the same recall or, where they do not come so"
    " far, at the highest they reach (**at recall**). Their bar is taken from the very test half,"
    " which favours them.",
    "- **ECE**: how far the said probability of a candidate is from the share that was right.",
)

_LIST_EXPLAINED = (
    "`/editor/duplicates` shows pairs of published articles that are nearer than is usual among"
    f" the articles, the nearest {MOST_PAIRS}; it learns nothing and has no threshold of its own."
    " Here it is run on articles of which it is known which two say the same (two thirds of the"
    " groups of the test halves; the others stand alone): questions with their answers, and the"
    " same asked in other words; two articles of questions about one intent; software tickets and"
    " those closed as their duplicates; help pages and the same pages in another language.",
    "",
    "- **above the bar**: pairs as near as that; **shown**: those of them in the list.",
    "- **precision**: of the pairs shown, those that say the same; **found**: of the pairs that"
    " there are, those shown.",
    "- **R-precision**: of the first pairs, as many as there are right ones, those that are right:"
    " the order alone, whatever the bar.",
)
