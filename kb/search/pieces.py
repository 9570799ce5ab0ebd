"""A long letter, asked piece by piece.

What a letter asks is spread over all of it, and one vector of so much text is near to everything.
So each piece is ranked by itself, by meaning and by words, and the ranks are put together as in
reciprocal rank fusion (Cormack, Clarke and Büttcher, SIGIR 2009): what stands high in many of these
lists fits the letter.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from kb.ports import PassageFilter
from kb.search.fuse import Weights
from kb.search.rank import CANDIDATES, Question, rank_part
from kb.search.view import Part

RANK_OFFSET = 60  # as published

Document = tuple[str, str]  # pool and id


def agreement(
    parts: Sequence[Part], pieces: Sequence[Question], where: PassageFilter, weights: Weights
) -> dict[Document, float]:
    """How well the pieces agree on each document, in (0, 1]; 1 is the first in every list.

    `parts` are those of the index. Empty where there are no pieces.
    """
    found: defaultdict[Document, float] = defaultdict(float)
    for piece in pieces:
        for scores in _by_meaning_and_words(parts, piece, where, weights):
            for rank, document in enumerate(_best_first(scores), 1):
                found[document] += (RANK_OFFSET + 1) / (RANK_OFFSET + rank)
    return {document: total / (2 * len(pieces)) for document, total in found.items()}


def _by_meaning_and_words(
    parts: Sequence[Part], piece: Question, where: PassageFilter, weights: Weights
) -> tuple[dict[Document, float], dict[Document, float]]:
    """Per document the best cosine of its passages, and the best share of words."""
    meaning: dict[Document, float] = {}
    words: dict[Document, float] = {}
    for part in parts:
        candidates = rank_part(part, piece, where, weights)
        if candidates is None:
            continue
        features = candidates.features
        for place, key in enumerate(candidates.keys()):
            document = key[:2]
            meaning[document] = max(meaning.get(document, 0.0), float(features.body[place]))
            words[document] = max(words.get(document, 0.0), float(features.words[place]))
    return meaning, words


def _best_first(scores: Mapping[Document, float]) -> list[Document]:
    there = [document for document, score in scores.items() if score > 0]
    return sorted(there, key=lambda document: (-scores[document], document))[:CANDIDATES]
