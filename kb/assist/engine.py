"""The suggestion engine: a conversation in, a cited answer or "nothing known" out."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version

from sqlalchemy import Engine as Database
from sqlalchemy.orm import Session, sessionmaker

from kb.actions.gaps import record_gap
from kb.actions.suggestions import record_suggestion
from kb.assist.asks import load_asks
from kb.assist.compose import compose_reply
from kb.assist.dialog import DialogReading, read_dialog
from kb.assist.generator import create_generator
from kb.assist.record import suggestion_record
from kb.assist.rewrite import rewrite_reply
from kb.assist.types import (
    DialogQuery,
    NothingKnown,
    Reply,
    SuggestionResult,
    SuggestRequest,
)
from kb.config import Settings
from kb.db import create_engine_for, is_current, session_factory
from kb.domain import Audience, Pool
from kb.encoders.factory import create_encoder
from kb.errors import DatabaseError
from kb.ports import Encoder, Generator
from kb.search.search import Searcher
from kb.search.types import Hit, SearchPage, SearchQuery
from kb.text.phrases import get_phrases
from kb.text.small_talk import small_talk

SURE_ENOUGH = 0.28
"""Below this confidence the best article is no answer. One figure serves all languages because
confidence is calibrated for each pair of them (`kb.search.calibrate`)."""

GAPS = frozenset({"nothing_found", "not_sure"})  # what was asked and not answered


@dataclass(frozen=True, slots=True)
class _Found:
    """What search gave, and what it means."""

    articles: tuple[Hit, ...] = ()
    cases: tuple[Hit, ...] = ()
    reply: Reply | None = None
    code: str | None = None  # of NothingKnown
    milliseconds: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Engine:
    """Safe to share by threads. `Engine.open` makes one; `close` ends it."""

    settings: Settings
    database: Database
    session_factory: sessionmaker[Session]
    encoder: Encoder
    searcher: Searcher
    generator: Generator | None = None

    @classmethod
    def open(cls, settings: Settings) -> Engine:
        """All that the settings name, ready to answer.

        Raises DatabaseError when the schema is not current, ConfigError, EncoderError.
        """
        database = create_engine_for(settings)
        if not is_current(database):
            database.dispose()
            raise DatabaseError("The database has no current schema: run potica init.")
        sessions = session_factory(database)
        encoder = create_encoder(settings)
        searcher = Searcher(sessions, encoder, settings)
        searcher.refresh()
        return cls(settings, database, sessions, encoder, searcher, create_generator(settings))

    def close(self) -> None:
        """Give back the database's connections."""
        self.database.dispose()

    def search(self, query: SearchQuery) -> SearchPage:
        """Plain search; see `Searcher.search`."""
        return self.searcher.search(query)

    def suggest(self, request: SuggestRequest, record: bool = True) -> SuggestionResult:
        """The best answers to the open question of a conversation, or why there are none.

        With `record` the suggestion, and the gap it leaves, are committed when this returns;
        without, the id is empty. Raises EncoderError, DatabaseError, SearchIndexError.
        """
        started = time.perf_counter()
        reading = read_dialog(request, self.encoder, self.settings)
        found = self._answer(request, reading)
        result = self._result(reading, found, started)
        if record:
            result = self._recorded(request, result)
        total = {"total": _since(started)}
        return replace(result, milliseconds={**result.milliseconds, **total})

    def _answer(self, request: SuggestRequest, reading: DialogReading) -> _Found:
        query = reading.query
        if not query.text:
            return _Found(code="empty")
        if query.asks < load_asks().threshold and not _is_wanted(request, query):
            return _Found(code="asks_nothing")
        started = time.perf_counter()
        articles, cases = self._hits(request, reading)
        milliseconds = {"search": _since(started)}
        code = _why_nothing(articles)
        if code:
            return _Found(articles, cases, None, code, milliseconds)
        started = time.perf_counter()
        reply = compose_reply(query, articles)
        milliseconds["compose"] = _since(started)
        if reply and self.generator:
            started = time.perf_counter()
            reply = rewrite_reply(reply, query, self.generator, self.encoder, self.settings)
            milliseconds["generate"] = _since(started)
        return _Found(articles, cases, reply, None, milliseconds)

    def _hits(
        self, request: SuggestRequest, reading: DialogReading
    ) -> tuple[tuple[Hit, ...], tuple[Hit, ...]]:
        """Articles and, for agents, cases."""
        with_cases = request.reader == Audience.internal and request.with_cases
        pools = {Pool.article, Pool.case} if with_cases else {Pool.article}
        query = SearchQuery(
            text=reading.query.text,
            focus=reading.query.focus,
            language=reading.query.language,
            reader=request.reader,
            pools=frozenset(map(str, pools)),
            known=reading.query.known,
            pieces=reading.query.pieces,
            scope=request.scope,
            limit=request.limit,
        )
        pages = self.searcher.search_apart(query, reading.vectors)
        cases = pages[Pool.case].hits if Pool.case in pages else ()
        return pages[Pool.article].hits, cases

    def _result(self, reading: DialogReading, found: _Found, started: float) -> SuggestionResult:
        query = reading.query
        nothing = None
        if found.code:
            nothing = NothingKnown(found.code, get_phrases(query.language).reasons[found.code])
        phases = {"encode": reading.encode_milliseconds, "search": 0.0, "compose": 0.0}
        return SuggestionResult(
            id="",
            language=query.language,
            language_confidence=query.language_confidence,
            query=query,
            articles=found.articles,
            cases=found.cases,
            reply=found.reply,
            nothing_known=nothing,
            versions=self.versions(),
            milliseconds={**phases, **found.milliseconds, "total": _since(started)},
        )

    def versions(self) -> dict[str, str]:
        """What an answer depends on beside its articles."""
        found = {
            "engine": _engine_version(),
            "model": self.encoder.model_id,
            "snapshot": self.searcher.generation,
            "asks": load_asks().version,
        }
        return {**found, "generator": self.settings.generator_model} if self.generator else found

    def _recorded(self, request: SuggestRequest, result: SuggestionResult) -> SuggestionResult:
        record = suggestion_record(request, result, self.settings)
        with self.session_factory.begin() as session:
            suggestion_id = record_suggestion(session, record)
            if record.nothing_known in GAPS:
                question = record.response["focus"] or record.query
                record_gap(session, question, record.language, record.nothing_known, suggestion_id)
        return replace(result, id=suggestion_id)


def answer_confidence(query: DialogQuery, articles: Sequence[Hit]) -> float:
    """In [0, 1]: how surely something is asked and the best article answers it."""
    return query.asks * articles[0].confidence if articles else 0.0


def _is_wanted(request: SuggestRequest, query: DialogQuery) -> bool:
    """Whether a few words that ask nothing by themselves were typed to be looked for."""
    has_words = any(character.isalnum() for character in query.text)
    return request.is_typed and has_words and not small_talk(query.text).is_all


def _why_nothing(articles: Sequence[Hit]) -> str | None:
    if not articles:
        return "nothing_found"
    return "not_sure" if articles[0].confidence < SURE_ENOUGH else None


@lru_cache(maxsize=1)
def _engine_version() -> str:
    try:
        return version("potica")
    except PackageNotFoundError:  # run from a source tree that was never installed
        return "source"


def _since(started: float) -> float:
    """Milliseconds."""
    return (time.perf_counter() - started) * 1000
