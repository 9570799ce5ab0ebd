"""Questions in one language, documents in another; and one index of all languages."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from eval.datasets import Document, Query, RetrievalSet, taken
from eval.metrics import Figure, Floats, gains_of, mean_with_interval, success_at
from eval.progress import Progress
from eval.results import (
    ENGINE,
    SYSTEMS,
    CrossResult,
    Ranked,
    part_of,
    rank_result,
)
from eval.runs.ask import ask_all
from eval.runs.base import temporary_base
from eval.runs.baselines import Baselines, by_language
from eval.runs.retrieval import questions_of
from eval.runs.setup import Setup
from eval.splits import Split
from kb.domain import Pool
from kb.errors import InvalidInput

Rankings = Mapping[str, Sequence[Sequence[str]]]


@dataclass(frozen=True, slots=True)
class _Asked:
    """The same questions in every language, in the same order."""

    queries: Mapping[str, Sequence[Query]]
    ids: Sequence[str]

    def all(self) -> list[Query]:
        return [query for own in self.queries.values() for query in own]


def run_crosslingual(
    sets: Sequence[RetrievalSet],
    setup: Setup,
    progress: Progress,
    split: Split = Split.all,
    limit: int | None = None,
) -> CrossResult:
    """The matrix of R@1 (each corpus language an index of its own), and the mixed index.

    Only questions that every language has are asked, so that cells can be compared.
    Raises InvalidInput when there are none.
    """
    start = time.perf_counter()
    asked = _common(sets, split, limit)
    languages = tuple(asked.queries)
    cells: dict[tuple[str, str], Ranked] = {}
    for one in sets:
        corpus = one.language or ""
        ranked = _run(one.documents, asked.all(), setup, progress, f"corpus {corpus}")
        for place, tag in enumerate(languages):
            rows = range(place * len(asked.ids), (place + 1) * len(asked.ids))
            cells[tag, corpus] = part_of(ranked, rows)
    documents = [document for one in sets for document in one.documents]
    mixed = _run(documents, asked.all(), setup, progress, "all languages in one index")
    tags = [tag for tag in languages for _ in asked.ids]
    pairs = {key: ranked for key, ranked in cells.items() if key[0] != key[1]}
    differences = _hits(pairs, ENGINE) - _hits(pairs, "dense")
    return CrossResult(
        name=sets[0].name,
        languages=languages,
        n=len(asked.ids),
        matrix=_matrix(cells, languages),
        across={system: _mean(_hits(pairs, system)) for system in SYSTEMS},
        lead=_mean(differences),
        pairs=rank_result(_pooled(list(pairs.values()))),
        mixed=rank_result(mixed),
        mixed_languages={
            tag: rank_result(part_of(mixed, rows)) for tag, rows in by_language(tags).items()
        },
        settings={"split": split},
        versions=setup.versions(),
        seconds=time.perf_counter() - start,
    )


def _common(sets: Sequence[RetrievalSet], split: Split, limit: int | None) -> _Asked:
    held = [{query.id for query in one.queries} for one in sets]
    shared = set.intersection(*held)
    chosen = taken([q for q in sets[0].queries if q.id in shared], split, limit)
    ids = [query.id for query in chosen]
    if not ids:
        raise InvalidInput(
            f"{sets[0].name} has no question in all of its languages: the queries.<lang>.jsonl"
            " must share their ids."
        )
    queries = {}
    for one in sets:
        by_id = {query.id: query for query in one.queries}
        queries[one.language or ""] = [by_id[query_id] for query_id in ids]
    return _Asked(queries, ids)


def _run(
    documents: Sequence[Document],
    queries: Sequence[Query],
    setup: Setup,
    progress: Progress,
    what: str,
) -> Ranked:
    progress.say(f"{what}: {len(documents)} documents, {len(queries)} questions")
    with temporary_base(documents, Pool.article, setup, progress) as base:
        answers = ask_all(base, queries, progress)
        rankings: dict[str, Sequence[Sequence[str]]] = {
            ENGINE: [answer.ranking for answer in answers]
        }
        rankings |= Baselines(base, progress).rank(questions_of(queries, answers), progress)
    return Ranked([query.relevant for query in queries], rankings)


def _hits(cells: Mapping[tuple[str, str], Ranked], system: str) -> Floats:
    """R@1 of shape (pairs, questions)."""
    found = []
    for ranked in cells.values():
        gains, _ = gains_of(ranked.rankings[system], ranked.relevant)
        found.append(success_at(gains, 1))
    return np.stack(found)


def _mean(values: Floats) -> Figure:
    """The mean over pairs; the interval over questions, which come again in every pair."""
    return mean_with_interval(np.asarray(values.mean(axis=0), dtype=np.float64))


def _matrix(
    cells: Mapping[tuple[str, str], Ranked], languages: Sequence[str]
) -> dict[str, dict[str, dict[str, Figure]]]:
    return {
        system: {
            asked: {
                corpus: mean_with_interval(
                    _hits({(asked, corpus): cells[asked, corpus]}, system)[0]
                )
                for corpus in languages
            }
            for asked in languages
        }
        for system in SYSTEMS
    }


def _pooled(parts: Sequence[Ranked]) -> Ranked:
    return Ranked(
        [judged for part in parts for judged in part.relevant],
        {s: [ranking for part in parts for ranking in part.rankings[s]] for s in SYSTEMS},
    )
