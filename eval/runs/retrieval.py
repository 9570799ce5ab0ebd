"""Retrieval and similar cases: the engine beside the baselines on one or more sets."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from eval.datasets import Query, RetrievalSet, taken
from eval.progress import Progress
from eval.results import (
    BASELINES,
    ENGINE,
    ConfidenceResult,
    Ranked,
    RetrievalResult,
    confidence_result,
    part_of,
    rank_result,
)
from eval.runs.ask import Answer, ask_all
from eval.runs.base import temporary_base
from eval.runs.baselines import Baselines, Question, by_language
from eval.runs.setup import Setup
from eval.splits import Split
from kb.domain import Pool
from kb.errors import InvalidInput

FEWEST = 20  # questions of a language that are worth figures of their own


@dataclass(frozen=True, slots=True)
class Asked:
    """Which questions are put to what."""

    pool: Pool = Pool.article
    split: Split = Split.all
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class _Part:
    """One base with its questions answered."""

    queries: Sequence[Query]
    answers: Sequence[Answer]
    rankings: Mapping[str, Sequence[Sequence[str]]]
    passages: int


def run_retrieval(
    sets: Sequence[RetrievalSet],
    setup: Setup,
    progress: Progress,
    asked: Asked = Asked(),
    **settings: str,
) -> RetrievalResult:
    """Figures over all sets (each with a base of its own), and by language.

    `settings` are noted in the result. Raises InvalidInput when the half holds no questions.
    """
    start = time.perf_counter()
    parts = [_run_part(one, setup, progress, asked) for one in sets]
    queries = [query for part in parts for query in part.queries]
    answers = [answer for part in parts for answer in part.answers]
    rankings = {
        system: [ranking for part in parts for ranking in part.rankings[system]]
        for system in (ENGINE, *BASELINES)
    }
    ranked = Ranked([query.relevant for query in queries], rankings)
    given = [query.language for query in queries]
    places = by_language(setup.languages.told(given, [query.plain for query in queries]))
    enough = {tag: rows for tag, rows in places.items() if len(rows) >= FEWEST}
    return RetrievalResult(
        name=sets[0].name,
        total=rank_result(ranked),
        languages={tag: rank_result(part_of(ranked, rows)) for tag, rows in enough.items()},
        confidence=confidence_of(queries, answers),
        confidences={
            tag: confidence_of([queries[r] for r in rows], [answers[r] for r in rows])
            for tag, rows in enough.items()
        },
        settings={"split": asked.split, "pool": str(Pool(asked.pool)), **settings},
        versions=setup.versions(),
        documents=sum(len(one.documents) for one in sets),
        passages=sum(part.passages for part in parts),
        skipped=sum(one.skipped for one in sets),
        seconds=time.perf_counter() - start,
    )


def confidence_of(queries: Sequence[Query], answers: Sequence[Answer]) -> ConfidenceResult:
    """How far the confidence in the first document can be trusted."""
    pairs = zip(queries, answers, strict=True)
    correct = [bool(a.ranking) and a.ranking[0] in q.relevant for q, a in pairs]
    confidence = np.array([answer.confidence for answer in answers], dtype=np.float64)
    return confidence_result(confidence, np.array(correct, dtype=np.bool_))


def questions_of(queries: Sequence[Query], answers: Sequence[Answer]) -> list[Question]:
    """The same questions for the baselines, in the language the engine took them to be in."""
    return [
        Question(query.plain, answer.dialog.language, query.known, query.exclude)
        for query, answer in zip(queries, answers, strict=True)
    ]


def _run_part(one: RetrievalSet, setup: Setup, progress: Progress, asked: Asked) -> _Part:
    queries = taken(one.queries, asked.split, asked.limit)
    if not queries:
        raise InvalidInput(f"{one.name} holds no questions in this half: use --split all.")
    progress.say(f"{one.name}: {len(one.documents)} documents, {len(queries)} questions")
    with temporary_base(one.documents, asked.pool, setup, progress) as base:
        answers = ask_all(base, queries, progress)
        rankings: dict[str, Sequence[Sequence[str]]] = {
            ENGINE: [answer.ranking for answer in answers]
        }
        rankings |= Baselines(base, progress).rank(questions_of(queries, answers), progress)
        return _Part(queries, answers, rankings, base.passages)
