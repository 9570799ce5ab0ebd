"""A knowledge base to search: write as an editor does, ask as a reader does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session, sessionmaker

from indexer.pipeline import index_document, index_pending
from kb.actions.articles import ArticleFields, ArticleInput, TranslationInput, save_article
from kb.config import Settings
from kb.domain import ArticleState, Audience, Pool
from kb.ports import Encoder
from kb.search.search import Searcher
from kb.search.types import SearchPage, SearchQuery

Texts = Mapping[str, tuple[str, str]]  # language -> title, body


@dataclass
class Base:
    sessions: sessionmaker[Session]
    settings: Settings
    encoder: Encoder
    searcher: Searcher

    @classmethod
    def at(cls, sessions: sessionmaker[Session], home: Path, encoder: Encoder) -> Base:
        settings = Settings(home=home, _env_file=None)
        return cls(sessions, settings, encoder, Searcher(sessions, encoder, settings))

    def save(self, key: str, texts: Texts, **fields: Any) -> None:
        """Commit a published article; the index does not know yet."""
        with self.sessions.begin() as session:
            save_article(session, article(key, texts, **fields), "tester")

    def publish(self, key: str, texts: Texts, **fields: Any) -> None:
        """Save, commit, index, as the API does before it answers."""
        self.save(key, texts, **fields)
        self.index(key)

    def index(self, key: str, pool: Pool = Pool.article) -> None:
        with self.sessions.begin() as session:
            index_document(session, self.encoder, pool, key)

    def drain(self) -> None:
        while index_pending(self.sessions, self.encoder):
            pass

    def page(self, text: str, language: str = "en", **query: Any) -> SearchPage:
        return self.searcher.search(SearchQuery(text=text, language=language, **query))

    def found(self, text: str, language: str = "en", **query: Any) -> list[str]:
        """The keys of what was found, best first."""
        return [hit.document_id for hit in self.page(text, language, **query).hits]

    def reopened(self) -> Base:
        """The same base as another process would open it."""
        return Base.at(self.sessions, self.settings.home, self.encoder)


def article(key: str, texts: Texts, **fields: Any) -> ArticleInput:
    """A public, published article; the first language is the original."""
    state = fields.pop("state", ArticleState.published)
    given = {"original_language": next(iter(texts)), "audience": Audience.public} | fields
    translations = [TranslationInput(lang, title, body) for lang, (title, body) in texts.items()]
    return ArticleInput(
        id=key, translations=translations, fields=ArticleFields(**given), state=state
    )
