"""Synonyms of a language."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.actions import audit
from kb.actions.checks import check_language, check_text
from kb.domain import Synonym
from kb.errors import InvalidInput


def replace_synonyms(
    session: Session, language: str, groups: Sequence[Sequence[str]], *, actor: str = "system"
) -> None:
    """Make `groups` the synonyms of a language: the words of a group mean the same.

    Raises InvalidInput on a group of fewer than two words.
    """
    check_language(language)
    cleaned = [list(dict.fromkeys(word.strip() for word in group)) for group in groups]
    for words in cleaned:
        if len(words) < 2:
            raise InvalidInput(f"A group of synonyms needs two words or more, not {words}.")
        for word in words:
            check_text(word, "synonym", needed=True)
    session.execute(delete(Synonym).where(col(Synonym.language) == language))
    session.add_all(Synonym(language=language, words=words) for words in cleaned)
    audit.record(session, actor, "replace", "synonyms", language, groups=len(cleaned))
    session.flush()
