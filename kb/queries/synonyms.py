"""Synonyms, for search."""

from __future__ import annotations

from collections import defaultdict

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.domain import Synonym

Groups = tuple[tuple[str, ...], ...]


def load_synonyms(session: Session) -> dict[str, Groups]:
    """Per language, the groups of words that mean the same."""
    groups: dict[str, list[tuple[str, ...]]] = defaultdict(list)
    query = select(col(Synonym.language), col(Synonym.words)).order_by(col(Synonym.id))
    for language, words in session.execute(query):
        groups[language].append(tuple(words))
    return {language: tuple(found) for language, found in groups.items()}
